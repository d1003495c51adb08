mod http;
mod running;
mod show;
mod watch;
