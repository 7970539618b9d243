//! Builds the page: the engine and its interface compiled to WebAssembly, beside the files of `static/`.
//!
//! What lies at the top of `static/` keeps its name, because somebody knows it by that name; what lies in a folder of it,
//! and what is compiled, is named after its content, so that it may be cached for ever. The former speak of the latter as
//! `{{styles/kvarium.css}}`, `{{kvarium.js}}`, `{{kvarium.wasm}}`; `{{build-id}}` is the name of the whole build, and
//! `{{files}}` a JSON list of every file that is named after its content. All paths are relative: the site works in any folder of any host.
//! Lessons are read here, and are no part of the first load: each becomes `lessons/ID.txt`, which `lessons.txt` names.

use crate::install::{self, WASM};
use crate::shell::{cargo, cargo_target, command, made, output, root, run};
use anyhow::{Context, Result, bail};
use kvarium_lessons::LESSONS;
use kvarium_lessons::read::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// npm's package of wasm-opt.
const BINARYEN: &str = "132.0.0";
const ESBUILD: &str = "0.28.2";

/// What rustc lets itself use of WebAssembly by default, spelt out: with everything allowed, wasm-opt's output is refused by browsers.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The longest lesson, in bytes as the page gets it: twelve thousand for each language.
const LONGEST_LESSON: usize = 2 * 12_000;

/// What wasm-bindgen calls the wasm half of `kvarium`.
const BOUND_WASM: &str = "kvarium_bg.wasm";
const BOUND_SCRIPT: &str = "kvarium.js";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Quick to build; an open page reloads itself when it was built anew.
    Dev,
    /// Small, and compressed beforehand.
    Release,
}

/// What was built: each file's size, and what the pages load before anything can be done.
pub struct Site {
    pub folder: PathBuf,
    pub files: BTreeMap<String, Size>,
    first_loads: Vec<(String, BTreeSet<String>)>,
}

#[derive(Clone, Copy, Default)]
pub struct Size {
    pub raw: usize,
    /// Only what is shipped is compressed.
    pub brotli: Option<usize>,
}

pub fn folder() -> PathBuf {
    made().join("site")
}

/// Builds the site into [`folder`]. The folder changes at the very end, so that who serves it never sees half of a build.
pub fn build(quality: Quality) -> Result<Site> {
    install::rust_target(WASM)?;
    let compiled = compile(quality)?;
    let bound = bind(&compiled)?;
    if quality == Quality::Release {
        shrink(&bound.join(BOUND_WASM))?;
        minify(&bound.join(BOUND_SCRIPT))?;
    }

    let mut assets = Assets::default();
    assets.add_compiled(&bound)?;
    assets.add_static(&root().join("static"))?;
    assets.add_lessons(&root().join("web/lessons"))?;
    let build_id = assets.build_id();

    let mut site = Site { folder: folder(), files: BTreeMap::new(), first_loads: Vec::new() };
    let new = made().join("site.new");
    remove(&new)?;
    let put = |site: &mut Site, name: &str, content: &[u8]| -> Result<()> {
        let size = write(&new.join(name), content, quality)?;
        site.files.insert(name.to_string(), size);
        Ok(())
    };
    for (name, content) in &assets.files {
        put(&mut site, name, content)?;
    }
    for (name, template) in &assets.pages {
        let (mut text, named) = assets.fill(name, template, &build_id)?;
        if name.ends_with(".html") {
            site.first_loads.push((name.clone(), named.into_iter().chain([name.clone()]).collect()));
            if quality == Quality::Dev {
                text = text.replace("</body>", "<script type=\"module\" src=\"reload.js\"></script></body>");
            }
        }
        put(&mut site, name, text.as_bytes())?;
    }
    put(&mut site, "build-id", build_id.as_bytes())?;
    if quality == Quality::Dev {
        put(&mut site, "reload.js", include_bytes!("reload.js"))?;
    }
    remove(&site.folder)?;
    fs::rename(&new, &site.folder)?;
    Ok(site)
}

impl Site {
    /// What travels before `page` can be used, in bytes; `None` in a build that is not compressed.
    pub fn first_load(&self, page: &str) -> Option<usize> {
        let (_, files) = self.first_loads.iter().find(|(name, _)| name == page)?;
        files.iter().map(|file| self.files[file].brotli).sum()
    }

    pub fn print(&self) {
        println!("{:>10} {:>10}  {}", "bytes", "brotli", self.folder.display());
        for (name, size) in &self.files {
            let brotli = size.brotli.map_or(String::new(), |brotli| brotli.to_string());
            println!("{:>10} {brotli:>10}  {name}", size.raw);
        }
        for (page, files) in &self.first_loads {
            let raw: usize = files.iter().map(|file| self.files[file].raw).sum();
            let brotli = self.first_load(page).map_or(String::new(), |brotli| brotli.to_string());
            println!("{raw:>10} {brotli:>10}  first load of {page}");
        }
    }
}

/// Compiles the page's crate; gives the wasm file.
fn compile(quality: Quality) -> Result<PathBuf> {
    let profile = if quality == Quality::Dev { "wasm-dev" } else { "wasm-release" };
    run(&mut cargo(&["build", "--package", "kvarium-web", "--lib", "--target", WASM, "--profile", profile]))?;
    Ok(cargo_target().join(WASM).join(profile).join("kvarium_web.wasm"))
}

/// Makes the JavaScript half of the page's crate; gives the folder of both halves.
fn bind(compiled: &Path) -> Result<PathBuf> {
    let folder = made().join("bound");
    remove(&folder)?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name("kvarium")
        .typescript(false)
        .omit_default_module_path(false)
        .remove_producers_section(true);
    bindgen.web(true)?.generate(&folder).context("wasm-bindgen can't bind the page's crate")?;
    Ok(folder)
}

/// Lets wasm-opt make the file smaller, where npm can bring it: the page is right without, only larger.
fn shrink(wasm: &Path) -> Result<()> {
    let Some(wasm_opt) = install::npm_program("binaryen", BINARYEN, "wasm-opt") else { return Ok(()) };
    let small = wasm.with_extension("small");
    output(
        command(wasm_opt)
            .arg(wasm)
            // At the bottom of memory is the end of the stack, so that nothing is addressed there.
            .args(["-Oz", "--converge", "--low-memory-unused"])
            // Many small pieces of data and their addresses compress worse than the zeros between them.
            .arg("--skip-pass=memory-packing")
            .args(WASM_FEATURES)
            .arg("--strip-debug")
            .arg("-o")
            .arg(&small),
    )?;
    Ok(fs::rename(small, wasm)?)
}

/// Likewise esbuild, and the script.
fn minify(script: &Path) -> Result<()> {
    let Some(esbuild) = install::npm_program("esbuild", ESBUILD, "esbuild") else { return Ok(()) };
    let out = format!("--outfile={}", script.display());
    output(
        command(esbuild)
            .arg(script)
            .args(["--minify", "--format=esm", "--allow-overwrite", "--log-level=error"])
            .arg(out),
    )?;
    Ok(())
}

/// The site's files before they are written: those named after their content, and the pages that speak of them.
#[derive(Default)]
struct Assets {
    /// File name in the site, and content.
    files: BTreeMap<String, Vec<u8>>,
    /// Name that a page says, and file name.
    names: BTreeMap<String, String>,
    /// File name, and text with names in braces.
    pages: BTreeMap<String, String>,
}

impl Assets {
    fn add(&mut self, name: &str, content: Vec<u8>) {
        let file = named_after(name, &content);
        self.names.insert(name.to_string(), file.clone());
        self.files.insert(file, content);
    }

    /// The two compiled halves. The JavaScript half fetches the other by its name, and so has to be told the new one.
    fn add_compiled(&mut self, bound: &Path) -> Result<()> {
        self.add("kvarium.wasm", fs::read(bound.join(BOUND_WASM))?);
        let script = fs::read_to_string(bound.join(BOUND_SCRIPT))?;
        if !script.contains(BOUND_WASM) {
            bail!("the script that wasm-bindgen made does not name its wasm file as expected");
        }
        let script = script.replace(BOUND_WASM, &self.names["kvarium.wasm"]);
        self.add("kvarium.js", squeezed(&script).into_bytes());
        for file in files_below(&bound.join("snippets"))? {
            let name = relative(bound, &file);
            self.files.insert(name, fs::read(&file)?);
        }
        Ok(())
    }

    /// The files of `static/`.
    fn add_static(&mut self, folder: &Path) -> Result<()> {
        for file in files_below(folder)? {
            let name = relative(folder, &file);
            let text = || fs::read_to_string(&file).with_context(|| format!("static/{name} is no text"));
            if !name.contains('/') {
                self.pages.insert(name.clone(), text()?);
            } else if name.ends_with(".css") {
                self.add(&name, squeezed(&text()?).into_bytes());
            } else {
                self.add(&name, fs::read(&file)?);
            }
        }
        Ok(())
    }

    /// Each lesson as a file of its own, and `lessons.txt`, which lists them, a line each.
    fn add_lessons(&mut self, folder: &Path) -> Result<()> {
        let mut listed = String::new();
        for id in LESSONS {
            let source = Source::of_folder(id, &folder.join(id)).with_context(|| format!("lesson {id}"))?;
            let text = source.lesson.to_text();
            if text.len() > LONGEST_LESSON {
                bail!("lesson {id} has {} bytes of {LONGEST_LESSON}", text.len());
            }
            let name = format!("lessons/{id}.txt");
            self.add(&name, text.into_bytes());
            listed.push_str(&format!("{}\n", source.lesson.listed(&self.names[&name]).to_text()));
        }
        self.pages.insert("lessons.txt".to_string(), listed);
        Ok(())
    }

    /// Named after everything in the build.
    fn build_id(&self) -> String {
        let mut hash = Hash::new();
        for (name, content) in &self.files {
            hash.add(name.as_bytes()).add(content);
        }
        for (name, text) in &self.pages {
            hash.add(name.as_bytes()).add(text.as_bytes());
        }
        hash.text()
    }

    /// The page's text with file names in the place of `{{names}}`, and the files it names.
    fn fill(&self, page: &str, template: &str, build_id: &str) -> Result<(String, Vec<String>)> {
        let (mut text, mut named, mut rest) = (String::new(), Vec::new(), template);
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").with_context(|| format!("static/{page}: {{{{ without }}}}"))?;
            text.push_str(before);
            match name {
                "build-id" => text.push_str(build_id),
                "files" => text.push_str(&format!("{:?}", self.files.keys().collect::<Vec<_>>())),
                _ => {
                    let Some(file) = self.names.get(name) else {
                        let known: Vec<_> = self.names.keys().map(String::as_str).collect();
                        bail!("static/{page} speaks of {{{{{name}}}}}; there are {}", known.join(", "));
                    };
                    text.push_str(file);
                    named.push(file.clone());
                }
            }
            rest = after;
        }
        text.push_str(rest);
        Ok((text, named))
    }
}

/// A script or a style sheet without indentation, and without those comments that begin a line: what travels, and nobody reads.
fn squeezed(text: &str) -> String {
    let (mut squeezed, mut in_comment) = (String::with_capacity(text.len()), false);
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !(in_comment || line.is_empty() || line.starts_with("//")) {
            squeezed.push_str(line);
            squeezed.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    squeezed
}

/// `styles/kvarium.css` becomes `styles/kvarium-0123456789abcdef.css`.
fn named_after(name: &str, content: &[u8]) -> String {
    let hash = Hash::new().add(content).text();
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

/// FNV-1a: names have to differ where contents do, nobody attacks them.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// Writes the file, and in a release its compressed twin.
fn write(file: &Path, content: &[u8], quality: Quality) -> Result<Size> {
    fs::create_dir_all(file.parent().expect("a file lies in a folder"))?;
    fs::write(file, content)?;
    if quality == Quality::Dev {
        return Ok(Size { raw: content.len(), brotli: None });
    }
    let mut small = Vec::new();
    let best = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut small, &best)?;
    let mut twin = file.as_os_str().to_owned();
    twin.push(".br");
    fs::write(twin, &small)?;
    Ok(Size { raw: content.len(), brotli: Some(small.len()) })
}

/// Every file in the folder and its folders, in the order of their names; none where there is no such folder.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn relative(folder: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(folder).expect("a file below a folder starts with its name");
    inside.to_string_lossy().replace('\\', "/")
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        let mut assets = Assets::default();
        assets.add("styles/page.css", b"body{}".to_vec());
        assets
    }

    #[test]
    fn a_name_follows_the_content() {
        assert_ne!(named_after("a/b.css", b"1"), named_after("a/b.css", b"2"));
        assert_eq!(named_after("a/b.css", b""), "a/b-cbf29ce484222325.css");
        assert_eq!(named_after("bare", b""), "bare-cbf29ce484222325");
    }

    #[test]
    fn comments_and_indentation_do_not_travel() {
        let text = "/* of\n * the page */\n\na {\n    b: c; /* why */\n}\n    // then\n    /** one line */\n    d();\n";
        assert_eq!(squeezed(text), "a {\nb: c; /* why */\n}\nd();\n");
    }

    #[test]
    fn pages_speak_of_files_and_know_them_by_name() {
        let assets = assets();
        let (text, named) = assets.fill("index.html", "<{{styles/page.css}}> {{build-id}} {{files}}", "7").unwrap();
        let file = &assets.names["styles/page.css"];
        assert_eq!(text, format!("<{file}> 7 [\"{file}\"]"));
        assert_eq!(named, vec![file.clone()]);
    }

    #[test]
    fn a_page_that_speaks_of_nothing_real_is_refused() {
        let error = assets().fill("index.html", "{{page.css}}", "7").unwrap_err().to_string();
        assert!(error.contains("{{page.css}}") && error.contains("styles/page.css"), "{error}");
    }
}
