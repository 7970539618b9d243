//! Serves the playground's page, which lies in the binary, on a thread of its own.
//!
//! A debug build reads the page from `target/site` at every request instead, so that what was built anew shows at once.
//! Absent on purpose: anything that the database knows. The page brings its own engine.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

const NOT_BUILT: &str =
    "This binary holds no page. Build one with `cargo xtask build-site`, then build the server again.\n";

/// Where the page is served when nobody says where.
pub const DEFAULT_PORT: u16 = 8379;

/// Serves the page from now on. Without a port that was asked for, any free one does when the default is taken.
pub fn serve(ip: IpAddr, port: Option<u16>) -> io::Result<SocketAddr> {
    let listener = match TcpListener::bind((ip, port.unwrap_or(DEFAULT_PORT))) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && port.is_none() => TcpListener::bind((ip, 0))?,
        bound => bound?,
    };
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::Builder::new().name("site".to_string()).spawn(move || {
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, Router::new().fallback(get(file))).await
        })
    })?;
    Ok(address)
}

async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    match Site::get(path) {
        Some(file) => answer(path, file, &headers),
        None if path == "index.html" => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
        None => (StatusCode::NOT_FOUND, format!("There is no {path} here.\n")).into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let mut response = Response::builder()
        .header(CONTENT_TYPE, content_type(path, &file))
        .header(
            CACHE_CONTROL,
            if is_named_after_content(path) { "public, max-age=31536000, immutable" } else { "no-cache" },
        )
        .header(ETAG, &tag)
        .header(VARY, "accept-encoding")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff");
    let body = if lists(request, IF_NONE_MATCH, &tag) {
        response = response.status(StatusCode::NOT_MODIFIED);
        Body::empty()
    } else if let Some(small) = compressed(path, request) {
        response = response.header(CONTENT_ENCODING, "br");
        Body::from(small.data)
    } else {
        Body::from(file.data)
    };
    response.body(body).expect("headers of plain text")
}

fn compressed(path: &str, request: &HeaderMap) -> Option<EmbeddedFile> {
    if lists(request, ACCEPT_ENCODING, "br") { Site::get(&format!("{path}.br")) } else { None }
}

/// Whether the header's comma-separated list holds `wanted`. Weights after a semicolon are no matter here: nobody who
/// sends `br;q=0` expects a page.
fn lists(headers: &HeaderMap, name: axum::http::HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|item| item.split(';').next().is_some_and(|item| item.trim() == wanted))
}

fn content_type(path: &str, file: &EmbeddedFile) -> String {
    if !path.contains('.') {
        return "text/plain; charset=utf-8".to_string();
    }
    match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_string(),
    }
}

/// `name-0123456789abcdef.ext`: another content would have another name, so that it may be kept for ever.
fn is_named_after_content(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    stem.rsplit_once('-').is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_hold_a_hash_are_kept_for_ever() {
        assert!(is_named_after_content("styles/kvarium-0123456789abcdef.css"));
        assert!(is_named_after_content("kvarium-0123456789abcdef.wasm"));
        for name in ["index.html", "build-id", "reload.js", "two-words.js", "kvarium-0123456789abcdeg.js"] {
            assert!(!is_named_after_content(name), "{name}");
        }
    }

    #[test]
    fn lists_are_read_item_by_item() {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, "gzip, br;q=0.8".parse().unwrap())]);
        assert!(lists(&headers, ACCEPT_ENCODING, "br"));
        assert!(!lists(&headers, ACCEPT_ENCODING, "b"));
        assert!(!lists(&headers, IF_NONE_MATCH, "br"));
    }
}
