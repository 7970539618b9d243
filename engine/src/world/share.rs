//! The link that holds an experiment: `#v1.` and the deflated script (RFC 1951) in base64url. Nothing is sent to a server.
//!
//! In a page it is the browser that deflates and inflates; elsewhere a library does.

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(not(target_arch = "wasm32"))]
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

const VERSION: &str = "v1.";

/// The longest script a link may unfold to: a link is untrusted input.
pub const SCRIPT_LIMIT: usize = 4 << 20;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Made by another version of this format.
    Version,
    /// Cut short, or changed on its way.
    Damaged,
}

impl LinkError {
    pub fn name(self) -> &'static str {
        match self {
            LinkError::Version => "Version",
            LinkError::Damaged => "Damaged",
        }
    }
}

/// The fragment of a link to `script`, without `#`.
#[cfg(not(target_arch = "wasm32"))]
pub fn to_fragment(script: &str) -> String {
    fragment_of(&compress_to_vec(script.as_bytes(), 10))
}

/// The script in a link's fragment.
///
/// # Errors
/// The fragment was made by another version or is damaged.
#[cfg(not(target_arch = "wasm32"))]
pub fn from_fragment(fragment: &str) -> Result<String, LinkError> {
    let script = decompress_to_vec_with_limit(&deflated(fragment)?, SCRIPT_LIMIT).map_err(|_| LinkError::Damaged)?;
    String::from_utf8(script).map_err(|_| LinkError::Damaged)
}

/// The fragment of a link to a script that was deflated.
pub fn fragment_of(deflated: &[u8]) -> String {
    let mut text = String::from(VERSION);
    for chunk in deflated.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            text.push(ALPHABET[(bits >> (18 - 6 * sextet)) as usize & 63] as char);
        }
    }
    text
}

/// Is this fragment a shared experiment at all?
pub fn is_shared(fragment: &str) -> bool {
    let digits = fragment.trim_start_matches('#').strip_prefix('v').unwrap_or_default();
    digits.split_once('.').is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The deflated script in a link's fragment.
///
/// # Errors
/// The fragment was made by another version or is damaged.
pub fn deflated(fragment: &str) -> Result<Vec<u8>, LinkError> {
    let text = fragment.trim_start_matches('#').strip_prefix(VERSION).ok_or(LinkError::Version)?;
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.bytes() {
        let value = ALPHABET.iter().position(|&known| known == digit).ok_or(LinkError::Damaged)?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_link_holds_its_script() {
        for script in ["", "a", "ab", "abc", "scenario 3-masters\nseed 42\n+1s @A-M> SET 键 值\n"] {
            let fragment = to_fragment(script);
            assert!(is_shared(&fragment));
            assert!(fragment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
            assert_eq!(from_fragment(&format!("#{fragment}")).as_deref(), Ok(script));
        }
    }

    #[test]
    fn forty_actions_fit_into_seven_hundred_characters() {
        let mut script = String::from("scenario 3-masters\nseed 42\n");
        for n in 0..40 {
            script += &format!(
                "+{}.{}s @{}-M> SET user:{} value-{}\n",
                n % 7,
                n % 10,
                ["A", "B", "C"][n % 3],
                n * 37 % 1000,
                n * n % 313
            );
        }
        assert!(to_fragment(&script).len() <= 700, "{}", to_fragment(&script).len());
    }

    #[test]
    fn damage_and_other_versions_are_told_apart() {
        let fragment = to_fragment("some script that is long enough to be cut");
        assert_eq!(from_fragment(&fragment[..fragment.len() - 6]), Err(LinkError::Damaged));
        assert_eq!(from_fragment("v2.abc"), Err(LinkError::Version));
        assert_eq!(from_fragment("v1.ab c"), Err(LinkError::Damaged));
        assert!(!is_shared("/lab/single"));
    }
}
