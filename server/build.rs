//! Sees to it that the page's folder is there, and that a release follows what is in it.

fn main() {
    // An empty folder holds no page, and the server says then how to build one.
    std::fs::create_dir_all("../target/site").expect("a folder can be made beside the sources");
    // A debug build reads the folder at every request: it has nothing to follow.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if is_release { "../target/site" } else { "build.rs" });
}
