//! The handler: the process that the Functions host starts.

app::global_allocator!();

fn main() -> std::process::ExitCode {
    app::serve(app::functions::ROUTES)
}
