//! The handler: the process that the Functions host starts.

fn main() -> std::process::ExitCode {
    handler::serve(handler::functions::ROUTES)
}
