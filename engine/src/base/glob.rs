//! Glob patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET understand them.
//!
//! `?` is any one byte, `*` any run of bytes, `\x` the byte x itself, `[abc]`, `[a-z]` and `[^…]` one byte in or not in a set.
//! What is peculiar to Redis, and kept: a set that is never closed ends with the pattern; `]` always closes it, even at once; a
//! range may be written backwards; inside a set `\` quotes one byte but can't begin a range; and no pattern but the empty
//! one matches the empty string, not even `**` (`*` alone does, because the commands that take patterns treat it as "everything").

/// Whether all of `text` matches `pattern`. Takes at most `pattern.len() * text.len()` steps: only the last `*` is ever
/// reconsidered, since whatever an earlier one could take on, the last one can too.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match_bytes(pattern, text, |byte| byte)
}

/// As [`matches`], with ASCII letters equal in both cases.
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    match_bytes(pattern, text, |byte| byte.to_ascii_lowercase())
}

/// Whether `pattern` matches everything, so that matching can be skipped.
pub fn is_everything(pattern: &[u8]) -> bool {
    pattern == b"*"
}

fn match_bytes(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8) -> bool {
    if text.is_empty() {
        return pattern.is_empty() || is_everything(pattern);
    }
    let (mut rest, mut unread) = (pattern, text);
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = rest {
            if after.is_empty() {
                return true;
            }
            last_star = Some((after, unread));
            rest = after;
            continue;
        }
        match unread {
            [] if rest.is_empty() => return true,
            [] => return false,
            [byte, tail @ ..] => {
                if let Some(after) = match_one(rest, *byte, &fold) {
                    (rest, unread) = (after, tail);
                    continue;
                }
            }
        }
        // The last star takes one byte more.
        let Some((after, [_, taken @ ..])) = last_star else { return false };
        last_star = Some((after, taken));
        (rest, unread) = (after, taken);
    }
}

/// Matches one byte against the element the pattern begins with; gives the pattern after it.
fn match_one(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', after @ ..] => Some(after),
        [b'[', set @ ..] => match_set(set, byte, fold),
        [b'\\', literal, after @ ..] | [literal, after @ ..] => (fold(*literal) == fold(byte)).then_some(after),
    }
}

fn match_set(set: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> Option<&[u8]> {
    let (negated, mut rest) = match set {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let byte = fold(byte);
    let mut found = false;
    loop {
        rest = match rest {
            [] => break,
            [b']', after @ ..] => {
                rest = after;
                break;
            }
            [b'\\', literal, after @ ..] => {
                found |= fold(*literal) == byte;
                after
            }
            [low, b'-', high, after @ ..] => {
                let (low, high) = (fold(*low), fold(*high));
                found |= (low.min(high)..=low.max(high)).contains(&byte);
                after
            }
            [literal, after @ ..] => {
                found |= fold(*literal) == byte;
                after
            }
        };
    }
    (found != negated).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    const TEXTS: [&str; 19] =
        ["", "!", "*", "-", "?", "[", "[a]", "\\", "]", "^", "a", "a\\", "a]", "aa", "b", "c", "d", "e", "z"];

    /// Recorded from `KEYS` of Redis 7.0 and Valkey 9.1, which agree, with [`TEXTS`] as the keys.
    #[test]
    fn odd_patterns_match_what_redis_matches() {
        let one_byte = "! * - ? [ \\ ] ^ a b c d e z";
        let recorded = [
            ("\\", "\\"),
            ("a\\", "a\\"),
            ("[", ""),
            ("[a", "a"),
            ("[ab", "a b"),
            ("[]", ""),
            ("[]a]", ""),
            ("[^", one_byte),
            ("[^a", "! * - ? [ \\ ] ^ b c d e z"),
            ("[^]", one_byte),
            ("[^]a]", "[a]"),
            ("[a-", "- a"),
            ("[a-]", "] ^ a"),
            ("[a-z", "a b c d e z"),
            ("[z-a]", "a b c d e z"),
            ("[a-\\z]", "\\ ] ^ a z"),
            ("[\\]]", "]"),
            ("[\\", "\\"),
            ("[a\\", "\\ a"),
            ("a[", ""),
            ("*[", ""),
            ("[^^]", "! * - ? [ \\ ] a b c d e z"),
            ("[^-]", "! * ? [ \\ ] ^ a b c d e z"),
            ("[-a]", "- a"),
            ("[a-c-e]", "- a b c e"),
            ("\\*", "*"),
            ("\\?", "?"),
            ("\\[a]", "[a]"),
            ("[!a]", "! a"),
            ("*a", "a aa"),
            ("a*", "a a\\ a] aa"),
            ("*\\", "\\ a\\"),
            ("\\\\", "\\"),
            ("[[]", "["),
            ("[a]]", "a]"),
            ("[\\a-c]", "- a c"),
            ("[\\a-\\c]", "- a c"),
        ];
        for (pattern, matched) in recorded {
            let found: Vec<&str> =
                TEXTS.into_iter().filter(|text| matches(pattern.as_bytes(), text.as_bytes())).collect();
            assert_eq!(found, matched.split_whitespace().collect::<Vec<_>>(), "{pattern}");
        }
        for pattern in ["**", "?*", "*?"] {
            assert!(TEXTS[1..].iter().all(|text| matches(pattern.as_bytes(), text.as_bytes())));
            assert!(!matches(pattern.as_bytes(), b""));
        }
        assert!(matches(b"*", b"") && matches(b"", b"") && !matches(b"", b"a"));
    }

    #[test]
    fn letters_fold_only_where_asked() {
        assert!(!matches(b"MaxMemory*", b"maxmemory-policy"));
        assert!(matches_ignoring_case(b"MaxMemory*", b"maxmemory-policy"));
        assert!(matches_ignoring_case(b"[A-C]X", b"bx") && !matches_ignoring_case(b"[A-C]X", b"dx"));
    }

    #[test]
    fn stars_match_what_backtracking_would_find() {
        assert!(matches(b"*abc*d?f*", b"ababcabcdxdefz"));
        assert!(matches(b"a*b*c", b"aXbYbZc") && !matches(b"a*b*c", b"aXbYbZ"));
        assert!(matches(b"*[0-9]*[0-9]", b"x1y2") && !matches(b"*[0-9]*[0-9]", b"x1y"));
    }

    /// Exponential backtracking would not return in this lifetime.
    #[test]
    fn many_stars_take_bounded_time() {
        let pattern: Vec<u8> = b"a*".repeat(200).into_iter().chain([b'b']).collect();
        assert!(!matches(&pattern, &vec![b'a'; 20_000]));
    }
}
