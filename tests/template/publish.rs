//! .funcignore publishes host.json, the handler, the functions' folders, and files that functions
//! read, and nothing else.

use stand_in::app::ignore::left_out;
use std::collections::BTreeSet;
use std::path::Path;

/// Files in the root or in folders. In the root, only the first five belong to the app.
const FILES: &str = "host.json handler handler.bin prices.json data/list.csv handler.exe deploy.zip local.settings.json \
    main.rs build.rs Cargo.toml Cargo.lock rust-toolchain rust-toolchain.toml package.json package-lock.json Makefile \
    LICENSE LICENSE-MIT README.md Dockerfile Dockerfile.dev compose.yaml docker-compose.yml func.log \
    __azurite_db_queue__.json __blobstorage__/0a1b .azurite/__queuestorage__/0a1b .DS_Store .env .funcignore .gitignore \
    .git/HEAD .github/workflows/ci.yml .local/resize.image .rustc_info.json .vscode/settings.json";

const OTHERS: &str = "docs src src/functions tests benches target target/release node_modules .azurite __queuestorage__";

/// Function names that begin like a line of .funcignore.
const FUNCTIONS: &str = "benches-all handler handler-two hostjson node_modules-sync package src-two srcset \
    target-prices tests-run";

#[test]
fn exactly_the_app_is_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patterns = std::fs::read_to_string(root.join(".funcignore")).expect(".funcignore");
    let is = |path: &str, of_the_app: bool| match (of_the_app, left_out(&patterns, path)) {
        (true, true) => panic!("{path} belongs to the app, and .funcignore leaves it out"),
        (false, false) => panic!("{path} would be published: add a line to .funcignore"),
        _ => {}
    };
    let names = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (folders, files): (Vec<_>, Vec<_>) = names.partition(|name| root.join(name).is_dir());
    let listed: Vec<&str> = FILES.split(' ').collect();
    for file in listed
        .iter()
        .copied()
        .chain(files.iter().map(String::as_str))
    {
        is(file, listed[..5].contains(&file));
    }
    let functions: Vec<&str> = FUNCTIONS.split(' ').collect();
    let others = OTHERS.split(' ').chain(folders.iter().map(String::as_str));
    for folder in others.chain(functions.iter().copied()) {
        let has_file = root.join(folder).join("function.json").is_file();
        let is_function = has_file || functions.contains(&folder);
        for file in FILES.split(' ').chain(["function.json"]) {
            let is_read = !file.ends_with(".md") && !file.ends_with(".rs");
            is(&format!("{folder}/{file}"), is_function && is_read);
        }
    }
}

/// The tested handler is the published one: each package has the same features in both builds, and
/// in the stand-in's alone. So nothing is compiled twice.
#[test]
fn the_tested_handler_has_the_features_of_the_published_one() {
    let packages = |package: &str, edges: &str| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut tree = std::process::Command::new(cargo);
        tree.args(["tree", "--offline", "--locked", "--prefix=none"])
            .args(["--no-dedupe", "--format={p} with {f}", "--edges", edges])
            .args(["--package", package])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = tree.output().expect("cargo tree");
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).expect("text");
        lines.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let name = env!("CARGO_PKG_NAME");
    let published = packages(name, "normal,build");
    let tested = packages(name, "normal,build,dev");
    let stand_in = packages("stand-in", "normal,build");
    assert!(published.iter().any(|line| line.starts_with("tiny_http v")));
    let both: BTreeSet<_> = published.union(&stand_in).cloned().collect();
    let missing: Vec<_> = both.difference(&tested).collect();
    assert!(missing.is_empty(), "{missing:?} in {tested:#?}");
}
