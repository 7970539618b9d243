//! How the key was chosen that had to go: what was looked at, the pool of candidates with their scores, and the best of it.

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Candidate, Decision};
use kvarium_engine::keyspace::evict::POOL;
use kvarium_engine::resp::show::argument_text;
use yew::prelude::*;

use super::{ChoiceProps, eviction, idle_text};
use crate::catalogue::Words;
use crate::heard::Why;
use crate::laboratory::seconds;
use crate::store::Store;

/// What a score says, under the policy that gave it. `clock` is what the node's clock showed then, in milliseconds.
pub fn score_text(words: Words, policy: &str, score: u64, clock: u64) -> String {
    if policy.ends_with("lru") {
        return idle_text(words, score);
    }
    if policy.ends_with("lfu") {
        return words.used_about(255 - score.min(255));
    }
    if !policy.ends_with("ttl") {
        return words.by_chance().to_owned();
    }
    match u64::MAX - score {
        u64::MAX => words.no_expiry().to_owned(),
        at if at <= clock => words.logically_expired().to_owned(),
        at => words.expires_in(words.span((at - clock).saturating_mul(1000))),
    }
}

/// What the clock of the selected node showed at a moment of the world, in milliseconds.
pub fn clock_at(store: &Store, at: Duration) -> u64 {
    let clock = store.scene().nodes.get(store.selected).map_or(0, |node| node.clock.millis());
    clock.saturating_sub(store.lab().now().millis().saturating_sub(at.millis()))
}

/// Why a key was the one, in a sentence.
pub fn reason(words: Words, decision: &Decision, clock: u64) -> String {
    let score = |candidate: &Candidate| score_text(words, decision.policy, candidate.score, clock);
    if decision.pool.is_empty() {
        return words.chosen_by_chance(decision.policy);
    }
    let next = decision.pool.iter().rev().find(|other| **other != decision.victim);
    let mut said = words.chosen_of(decision.policy, score(&decision.victim), decision.pool.len());
    if let Some(next) = next {
        said.push_str(&words.next_best(argument_text(&next.key), score(next)));
    }
    said
}

#[component]
pub fn DecisionCard(props: &ChoiceProps) -> Html {
    let store = props.view.read();
    let words = store.words();
    let shown = eviction(&store.heard, store.selected, props.chosen, u64::MAX);
    let Some((it, Why::Evicted(decision))) = shown.map(|it| (it, &it.why)) else {
        return html! {
            <section class="decision"><h3>{ words.who_goes() }</h3><p class="quiet">{ words.nothing_evicted() }</p></section>
        };
    };
    let clock = clock_at(&store, it.at);
    let is = |a: &Candidate, b: &Candidate| (a.db, &a.key) == (b.db, &b.key);
    let was_sampled = |candidate: &Candidate| decision.sampled.iter().any(|it| is(it, candidate));
    let in_pool = |candidate: &Candidate| decision.pool.iter().any(|it| is(it, candidate));
    let row = |candidate: &Candidate, pooled: bool| {
        let is_victim = is(candidate, &decision.victim);
        let note = match (is_victim, pooled, was_sampled(candidate)) {
            (true, ..) => words.mark_victim(),
            (_, true, true) => words.looked_at_now(),
            (_, true, false) => words.looked_at_before(),
            (_, false, _) => words.not_kept(),
        };
        html! {
            <tr class={classes!(is_victim.then_some("victim"))} data-key={argument_text(&candidate.key)} data-score={candidate.score.to_string()}>
                <td class="mono">{ argument_text(&candidate.key) }</td>
                <td>{ score_text(words, decision.policy, candidate.score, clock) }</td>
                <td>{ note }</td>
            </tr>
        }
    };
    let best_first = decision.pool.iter().rev().map(|candidate| row(candidate, true));
    let lost = decision.sampled.iter().filter(|candidate| !in_pool(candidate)).map(|candidate| row(candidate, false));
    let latest = props.on_choose.reform(|_: MouseEvent| None);
    html! {
        <section class="decision" data-event={it.id.to_string()}>
            <h3>{ words.who_goes() }
                <span class="quiet">{ words.at_time(format!("{:.3}", seconds(it.at))) }</span>
                if props.chosen.is_some() { <button type="button" class="button" onclick={latest}>{ words.the_latest() }</button> }
            </h3>
            <p>{ words.over_limit(words.count_bytes(decision.used), words.count_bytes(decision.limit)) }</p>
            <p><strong class="mono">{ argument_text(&decision.victim.key) }</strong>{ ": " }{ reason(words, decision, clock) }</p>
            if !decision.pool.is_empty() {
                <table class="table pool">
                    <caption>{ words.pool_of(decision.pool.len(), POOL, decision.sampled.len()) }</caption>
                    <thead><tr><th>{ words.key() }</th><th>{ words.score() }</th><th>{ words.state() }</th></tr></thead>
                    <tbody>{ for best_first }{ for lost }</tbody>
                </table>
            }
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn scores_are_said_as_their_policy_means_them() {
        let say = |policy, score| score_text(Words(Language::En), policy, score, 10_000);
        assert_eq!(say("allkeys-lru", 12), "idle 12 s");
        assert_eq!(say("volatile-lfu", 252), "used ~3");
        assert_eq!(say("volatile-ttl", u64::MAX - 14_000), "expires in 4 s");
        assert_eq!(say("volatile-ttl", u64::MAX - 9_000), "expired");
        assert_eq!(say("volatile-ttl", 0), "no expiry");
    }
}
