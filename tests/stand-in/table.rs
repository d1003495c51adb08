//! Prints the compiled table of functions as JSON, for `make check`.

fn main() -> serde_json::Result<()> {
    println!("{}", serde_json::to_string(app::functions::ROUTES)?);
    Ok(())
}
