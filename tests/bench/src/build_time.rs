//! What a cold release build of hello world costs, ours beside smol and tokio. Reported with no bar.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{fs, io};

struct Hello {
    name: &'static str,
    dependency: String,
    main: &'static str,
}

fn programs() -> [Hello; 4] {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/asyncio");
    let tokio_main = "fn main() { tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { println!(\"hello\") }) }";
    [
        Hello {
            name: "ours",
            dependency: format!("asyncio-rs = {{ path = {:?} }}", ours),
            main: "fn main() { asyncio::run(async { println!(\"hello\") }) }",
        },
        Hello {
            name: "smol",
            dependency: "smol = \"2\"".to_owned(),
            main: "fn main() { smol::block_on(async { println!(\"hello\") }) }",
        },
        Hello {
            name: "tokio, feature rt",
            dependency: "tokio = { version = \"1\", features = [\"rt\"] }".to_owned(),
            main: tokio_main,
        },
        Hello {
            name: "tokio, feature full",
            dependency: "tokio = { version = \"1\", features = [\"full\"] }".to_owned(),
            main: tokio_main,
        },
    ]
}

/// Builds each in a folder of its own and gives a section for the report.
pub fn section() -> io::Result<String> {
    let base = std::env::temp_dir().join(format!("asyncio-bench-build-{}", std::process::id()));
    let mut text =
        String::from("\n## Build time\n\n| hello world | cold release build | packages |\n|---|---|---|\n");
    for (place, hello) in programs().iter().enumerate() {
        let folder = base.join(place.to_string());
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/main.rs"), hello.main)?;
        let manifest = format!(
            "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{}\n",
            hello.dependency
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        cargo(&folder, &["fetch"])?;
        let start = Instant::now();
        cargo(&folder, &["build", "--release"])?;
        let seconds = start.elapsed().as_secs_f64();
        let tree = Command::new("cargo")
            .args([
                "tree",
                "--prefix",
                "none",
                "--edges",
                "normal,build",
                "--no-dedupe",
            ])
            .current_dir(&folder)
            .output()?;
        let tree = String::from_utf8_lossy(&tree.stdout).replace(" (proc-macro)", "");
        let mut packages: Vec<&str> = tree.lines().collect();
        packages.sort_unstable();
        packages.dedup();
        eprintln!("build {:22} {seconds:.1} s", hello.name);
        let _ = writeln!(text, "| {} | {seconds:.1} s | {} |", hello.name, packages.len());
    }
    fs::remove_dir_all(base)?;
    Ok(text)
}

fn cargo(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "cargo {}: {status}",
            arguments.join(" ")
        )))
    }
}
