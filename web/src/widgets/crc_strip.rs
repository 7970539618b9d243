//! How a key finds its slot, step by step: hash tag, CRC16, remainder.

use kvarium_engine::base::hash::{SLOTS, crc16, hash_tag};
use yew::prelude::*;

use crate::catalogue::Words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashing {
    pub key: String,
    /// The part that is hashed: bytes of `key`.
    pub tag: std::ops::Range<usize>,
    pub crc: u16,
    pub slot: u16,
}

impl Hashing {
    pub fn of(key: &str) -> Hashing {
        let tag = match hash_tag(key.as_bytes()) {
            Some(tag) => {
                let start = tag.as_ptr() as usize - key.as_ptr() as usize;
                start..start + tag.len()
            }
            None => 0..key.len(),
        };
        let crc = crc16(&key.as_bytes()[tag.clone()]);
        Hashing { key: key.to_owned(), tag, crc, slot: crc % SLOTS }
    }

    pub fn has_tag(&self) -> bool {
        self.tag != (0..self.key.len())
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub words: Words,
    pub hashing: Hashing,
    /// Who owns the slot, and its shard.
    pub owner: Option<(AttrValue, usize)>,
}

#[component]
pub fn CrcStrip(props: &Props) -> Html {
    let (words, hashing) = (props.words, &props.hashing);
    let (before, rest) = hashing.key.split_at(hashing.tag.start);
    let (tag, after) = rest.split_at(hashing.tag.len());
    let hue = props.owner.as_ref().map(|(_, shard)| format!("--hue:var(--shard-{})", shard % 5));
    let step = |name: &'static str, value: String| {
        html! { <li><div class="step"><small>{ name }</small><code>{ value }</code></div></li> }
    };
    html! {
        <ol class="strip" aria-live="polite">
            <li><div class="step"><small>{ words.key() }</small><code>{ before }<mark>{ tag }</mark>{ after }</code></div></li>
            if hashing.has_tag() {
                { step(words.hash_tag(), tag.to_owned()) }
            }
            { step("CRC16", format!("0x{:04X} = {}", hashing.crc, hashing.crc)) }
            { step("mod 16384", hashing.slot.to_string()) }
            if let Some((owner, _)) = &props.owner {
                <li><div class="step result" style={hue}><small>{ words.owner() }</small><code>{ owner.clone() }</code></div></li>
            }
        </ol>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_lead_to_the_slot_that_the_engine_uses() {
        for (key, tag) in [("{user:42}:cart", "user:42"), ("a{}b", "a{}b"), ("foo", "foo"), ("键{标签}", "标签")] {
            let hashing = Hashing::of(key);
            assert_eq!(&key[hashing.tag.clone()], tag);
            assert_eq!(hashing.has_tag(), tag != key);
            assert_eq!(hashing.slot, kvarium_engine::base::hash::slot(key.as_bytes()));
        }
        assert_eq!(Hashing::of("123456789").crc, 0x31c3);
    }
}
