mod answer;
mod base64;
mod date;
mod expressions;
mod mcp;
mod newtonsoft;
mod payload;
mod request;
mod retry;
mod routes;
mod schedule;
mod storage;
mod wire;

/// The cases below a heading of cases.txt.
fn cases_of(heading: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = include_str!("cases.txt").split("\n# ");
    let mut tables = parts.filter_map(|part| part.split_once('\n'));
    let table = tables.find(|(own, _)| *own == heading);
    cases(table.expect(heading).1)
}

/// The lines of a table: what is given, ` => `, what is expected.
fn cases(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.trim().lines();
    lines.map(|line| line.trim().split_once(" => ").expect(line))
}
