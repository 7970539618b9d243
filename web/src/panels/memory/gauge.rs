//! How much memory is in use, of how much, and by whom: to the byte what INFO and MEMORY STATS say.

use kvarium_engine::inspect::Inspect;
use kvarium_engine::inspect::memory::Account;
use kvarium_engine::keyspace::Kind;
use yew::prelude::*;

use super::picture::hue_and_hatch;
use super::{Props, swatch};
use crate::catalogue::{Words, grouped};

/// Somebody who holds memory.
pub struct Owner {
    /// A type, or one of what is beside the data.
    pub kind: Option<usize>,
    pub name: String,
    pub keys: Option<usize>,
    pub bytes: usize,
}

/// All who hold any; their bytes are what is in use.
pub fn owners(words: Words, account: &Account) -> Vec<Owner> {
    let of_kind = |(kind, which): (usize, &Kind)| {
        let shares = account.databases.iter().flat_map(|db| &db.kinds).filter(|(name, _)| *name == which.name());
        let (keys, bytes) = shares.fold((0, 0), |(keys, bytes), (_, share)| (keys + share.keys, bytes + share.memory));
        Owner { kind: Some(kind), name: which.name().to_owned(), keys: Some(keys), bytes }
    };
    let beside = [
        (words.tables_of_keys(), account.tables()),
        (words.to_be_freed(), account.pending),
        (words.clients(), account.clients),
        (words.pubsub_and_waits(), account.pubsub + account.waits),
        (words.fixed_memory(), account.fixed),
    ];
    let beside = beside.map(|(name, bytes)| Owner { kind: None, name: name.to_owned(), keys: None, bytes });
    let all = Kind::ALL.iter().enumerate().map(of_kind).chain(beside);
    all.filter(|owner| owner.bytes > 0).collect()
}

#[component]
pub fn Gauge(props: &Props) -> Html {
    let store = props.view.read();
    let words = store.words();
    let Some(node) = store.side(props.other).0.inspect(store.selected) else { return Html::default() };
    let account = node.account();
    let (used, peak, limit) = (account.total(), node.peak_memory(), node.config().maxmemory.0 as usize);
    let all = used.max(limit).max(peak).max(1);
    let share = |bytes: usize| format!("{:.2}%", bytes as f64 / all as f64 * 100.0);
    let owners = owners(words, &account);
    let part = |owner: &Owner| {
        let style = format!("width:{}", share(owner.bytes));
        match owner.kind.map(hue_and_hatch) {
            Some((hue, hatch)) => {
                html! { <i class={format!("swatch hatch-{hatch}")} style={format!("{style};--hue:var(--shard-{hue})")}></i> }
            }
            None => html! { <i class="beside" {style}></i> },
        }
    };
    let item = |owner: &Owner| {
        let keys = owner.keys.map(|keys| words.count_keys(keys as u64));
        html! {
            <li>
                if let Some(kind) = owner.kind { { swatch(kind) } } else { <span class="swatch beside"></span> }
                <span>{ &owner.name }</span>
                if let Some(keys) = keys { <span class="quiet">{ keys }</span> }
                <span class="number" data-bytes={owner.bytes.to_string()}>{ grouped(owner.bytes as u64) }</span>
            </li>
        }
    };
    html! {
        <div class="memory-gauge">
            <p class="memory-sum">
                <strong class="number" id={(!props.other).then_some("used-memory")} data-bytes={used.to_string()}>{ words.size(used as u64) }</strong>
                <span>{ if limit > 0 { words.of_maxmemory(words.size(limit as u64)) } else { words.no_maxmemory().to_owned() } }</span>
                <span>{ words.peak(words.size(peak as u64)) }</span>
                { policy(words, node) }
            </p>
            <div class="memory-bar" role="meter" aria-label={words.memory()} aria-valuemin="0" aria-valuemax={all.to_string()} aria-valuenow={used.to_string()}>
                { for owners.iter().map(part) }
                if limit > 0 { <b style={format!("left:{}", share(limit))}></b> }
            </div>
            <ul class="owners">{ for owners.iter().map(item) }</ul>
        </div>
    }
}

/// What happens when there is no room left.
fn policy(words: Words, node: Inspect<'_>) -> Html {
    let config = node.config();
    let stats = node.stats();
    html! {
        <>
            <span class="mono">{ config.maxmemory_policy.name() }</span>
            <span>{ words.evicted_and_expired(grouped(stats.evicted_keys), grouped(stats.expired_keys)) }</span>
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;
    use crate::laboratory::Laboratory;
    use kvarium_engine::base::time::Duration;

    #[test]
    fn the_owners_bytes_are_what_is_in_use() {
        let mut lab = Laboratory::new("single", None);
        for line in ["SET a 1 EX 100", "RPUSH l 1 2 3", "XADD s * f v", "HSET h f v", "SUBSCRIBE news"] {
            lab.command(1, "M", line).unwrap();
            lab.advance(lab.now() + Duration::from_millis(100), &mut || true);
        }
        let node = lab.inspect(0).unwrap();
        let owners = owners(Words(Language::En), &node.account());
        assert_eq!(owners.iter().map(|owner| owner.bytes).sum::<usize>(), node.memory());
        assert_eq!(owners.iter().filter_map(|owner| owner.keys).sum::<usize>(), 4);
    }
}
