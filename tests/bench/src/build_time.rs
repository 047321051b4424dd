//! Hello world on each peer: the time of a cold release build, and the number of packages.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// One hello world.
#[derive(Clone, Debug)]
pub struct Build {
    pub peer: &'static str,
    pub seconds: f64,
    /// Packages that were compiled, hello world included.
    pub packages: usize,
}

pub fn all(root: &Path) -> Result<Vec<Build>, String> {
    let facade = root.join("../../crates/asyncio");
    let facade = facade.canonicalize().map_err(|e| format!("{}: {e}", facade.display()))?;
    let ours = format!("asyncio-rs = {{ path = {:?} }}", facade);
    let hellos = [
        ("ours", ours.as_str(), "asyncio::run(async { println!(\"hello\") })"),
        (
            "tokio, minimal",
            "tokio = { version = \"1\", features = [\"rt\"] }",
            "tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { println!(\"hello\") })",
        ),
        (
            "tokio, full",
            "tokio = { version = \"1\", features = [\"full\"] }",
            "tokio::runtime::Runtime::new().unwrap().block_on(async { println!(\"hello\") })",
        ),
        ("smol", "smol = \"2\"", "smol::block_on(async { println!(\"hello\") })"),
        (
            "monoio",
            "monoio = \"0.2.4\"",
            "monoio::RuntimeBuilder::<monoio::FusionDriver>::new().build().unwrap().block_on(async { println!(\"hello\") })",
        ),
        (
            "compio",
            "compio = \"0.19\"",
            "compio::runtime::Runtime::new().unwrap().block_on(async { println!(\"hello\") })",
        ),
    ];
    let place = std::env::temp_dir().join(format!("asyncio-bench-build-{}", std::process::id()));
    let mut builds = Vec::new();
    for (peer, dependency, body) in hellos {
        let built = one(&place, peer, dependency, body);
        let _ = fs::remove_dir_all(&place);
        builds.push(built?);
    }
    Ok(builds)
}

fn one(place: &Path, peer: &'static str, dependency: &str, body: &str) -> Result<Build, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", place.display());
    fs::create_dir_all(place.join("src")).map_err(failed)?;
    let manifest = format!(
        "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependency}\n"
    );
    fs::write(place.join("Cargo.toml"), manifest).map_err(failed)?;
    fs::write(place.join("src/main.rs"), format!("fn main() {{\n    {body}\n}}\n")).map_err(failed)?;
    let cargo = |arguments: &[&str]| {
        Command::new("cargo")
            .args(arguments)
            .current_dir(place)
            .env("CARGO_TARGET_DIR", place.join("target"))
            .env_remove("RUSTFLAGS")
            .output()
            .map_err(|e| format!("cargo: {e}"))
    };
    // What is not here yet comes now, outside the time.
    cargo(&["fetch"])?;
    let begun = Instant::now();
    let output = cargo(&["build", "--release"])?;
    let seconds = begun.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("hello world on {peer} does not build:\n{text}"));
    }
    let packages = text.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    Ok(Build { peer, seconds, packages })
}
