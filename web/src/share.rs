//! Links to what is in the page, and what such links hold: the browser deflates and inflates.

use js_sys::{Reflect, Uint8Array};
use kvarium_engine::world::share::{LinkError, SCRIPT_LIMIT, deflated, fragment_of};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ReadableWritablePair, Response};

/// Compression Streams, the W3C's.
#[wasm_bindgen]
extern "C" {
    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// RFC 1951.
const FORMAT: &str = "deflate-raw";

/// The fragment of a link to a script, without `#`; none where the browser can't make one.
pub async fn to_fragment(script: &str) -> Option<String> {
    let deflate = CompressionStream::new(FORMAT).ok()?;
    through(deflate.unchecked_into(), script.as_bytes(), usize::MAX).await.map(|bytes| fragment_of(&bytes))
}

/// The script in a link's fragment.
///
/// # Errors
/// What is wrong with it.
pub async fn from_fragment(fragment: &str) -> Result<String, &'static str> {
    let bytes = deflated(fragment).map_err(LinkError::name)?;
    let inflate = DecompressionStream::new(FORMAT).map_err(|_| "DecompressionStream")?;
    let script = through(inflate.unchecked_into(), &bytes, SCRIPT_LIMIT).await.ok_or(LinkError::Damaged.name())?;
    String::from_utf8(script).map_err(|_| LinkError::Damaged.name())
}

/// What comes out of a stream that bytes go through, unless it is more than `most`.
async fn through(pair: ReadableWritablePair, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let given = Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(bytes))).ok()?.body()?;
    let reader: ReadableStreamDefaultReader = given.pipe_through(&pair).get_reader().unchecked_into();
    let mut all = Vec::new();
    loop {
        let read = JsFuture::from(reader.read()).await.ok()?;
        let chunk = Reflect::get(&read, &JsValue::from_str("value")).ok()?;
        let Some(chunk) = chunk.dyn_ref::<Uint8Array>() else { return Some(all) };
        if all.len() + chunk.length() as usize > most {
            let _ = reader.cancel();
            return None;
        }
        all.extend(chunk.to_vec());
    }
}
