//! The lesson beside the stage: a step's words, its question, its hints, and the goals, ticked as they are reached.

use kvarium_lessons::Ask;
use yew::prelude::*;

use super::shortfall::{sentence, value_text};
use super::{HINTS, LessonChange, Open};
use crate::shell::lower_choice;
use crate::store::{Change, Store, View};
use crate::widgets::prose::{blocks, prose};

pub fn pane(view: &View, store: &Store, open: &Open) -> Html {
    let words = store.words();
    let (step, prose_of) = (open.step(), open.words_of(open.step, store.language));
    let is_reached = open.reached(open.step, store.lab().history()).is_some();
    let insert = asking(view, LessonChange::Insert);
    html! {
        <section class="pane pane-lesson" aria-label={words.lesson()} id="lesson">
            <div class="pane-head">
                { lower_choice(view, store) }
                <span class="pane-title">{ &open.lesson.id }</span>
                <span class="lesson-title">{ &open.prose(store.language).title }</span>
                <span class="end quiet">{ format!("{} / {}", open.step + 1, open.lesson.steps.len()) }</span>
            </div>
            { dots(view, store, open) }
            <div class="pane-body lesson-body" key={step.id.clone()} tabindex="0" role="region" aria-label={prose_of.title.clone()}>
                <h2>{ prose(&prose_of.title) }</h2>
                { blocks(&prose_of.text, words.insert(), &insert) }
                if !step.run.is_empty() {
                    <div><button type="button" class="button" title={step.run.join("\n")} onclick={ask_for(view, || LessonChange::SetUp)}>{ words.set_up() }</button></div>
                }
                if let Some(ask) = &step.ask {
                    { question(view, store, open, ask) }
                }
                if is_reached && !prose_of.then.is_empty() {
                    <div class="then">{ blocks(&prose_of.then, words.insert(), &insert) }</div>
                }
                if !prose_of.why.is_empty() {
                    <details><summary>{ words.why() }</summary>{ blocks(&prose_of.why, words.insert(), &insert) }</details>
                }
                { hints(view, store, open) }
                { goals(store, open) }
            </div>
            { foot(view, store, open) }
        </section>
    }
}

fn ask_for(view: &View, change: impl Fn() -> LessonChange + 'static) -> Callback<MouseEvent> {
    view.changing(move |_: MouseEvent| Change::Lesson(change()))
}

fn asking<E: 'static>(view: &View, change: fn(E) -> LessonChange) -> Callback<E> {
    view.changing(move |event| Change::Lesson(change(event)))
}

/// One for each step, to go there.
fn dots(view: &View, store: &Store, open: &Open) -> Html {
    let words = store.words();
    let dot = |step: usize| {
        let is_done = open.done[step];
        let title = &open.words_of(step, store.language).title;
        let label = words.step_named(step + 1, title, if is_done { words.step_done() } else { words.step_open() });
        let onclick = ask_for(view, move || LessonChange::Step(step));
        html! {
            <li><button type="button" class={classes!("dot", is_done.then_some("done"))} aria-label={label} title={title.replace('`', "")}
                aria-current={(step == open.step).then_some("step")} {onclick}><span aria-hidden="true">{ if is_done { "✓" } else { "" } }</span></button></li>
        }
    };
    html! { <ol class="dots" aria-label={words.steps()}>{ for (0..open.lesson.steps.len()).map(dot) }</ol> }
}

fn question(view: &View, store: &Store, open: &Open, ask: &Ask) -> Html {
    let words = store.words();
    let said = open.words_of(open.step, store.language);
    let history = store.lab().history();
    let answered = open.answered(ask, history);
    let is_locked = answered.is_some() && ask.predicts;
    let label = |option: usize| said.options.get(option).or(ask.options.get(option)).cloned().unwrap_or_default();
    let chosen = if is_locked { answered } else { open.chosen().or(answered) };
    let option = |option: usize| {
        let onchange = asking(view, LessonChange::Choose).reform(move |_: Event| option);
        let is_chosen = chosen == Some(option);
        html! {
            <label class={classes!("option", is_chosen.then_some("chosen"))}>
                <input type="radio" name={format!("ask-{}", ask.id)} checked={is_chosen} disabled={is_locked} {onchange} />
                { prose(&label(option)) }
            </label>
        }
    };
    let truth = open.reached(open.step, history).filter(|_| ask.truth.is_some());
    let came = truth.map(|reached| {
        let value = value_text(&reached.truth);
        ask.options.iter().position(|option| *option == value).map_or(value, label)
    });
    let lock = if ask.predicts { words.lock_in() } else { words.answer() };
    html! {
        <fieldset class="ask">
            <legend>{ prose(&said.question) }</legend>
            { for (0..ask.options.len()).map(option) }
            if !is_locked {
                <button type="button" class="button main" id="lock" disabled={open.chosen().is_none()} onclick={ask_for(view, || LessonChange::Lock)}>{ lock }</button>
            }
            <p class="said" role="status">
                if let Some(answered) = answered {
                    { prose(&words.you_said(label(answered))) }{ " " }
                    if let Some(came) = came { <strong>{ prose(&words.it_was(came)) }</strong> }
                }
            </p>
        </fieldset>
    }
}

/// Given one by one: the last is a line, to be put into the terminal.
fn hints(view: &View, store: &Store, open: &Open) -> Html {
    let words = store.words();
    let (given, said) = (open.hints(), open.words_of(open.step, store.language));
    let hint = &open.step().hint;
    let insert = {
        let line = hint.clone();
        ask_for(view, move || LessonChange::Insert(line.clone()))
    };
    html! {
        <div class="hints">
            <ol aria-live="polite">
                { for said.hints.iter().take(given).map(|hint| html! { <li>{ prose(hint) }</li> }) }
                if given >= HINTS {
                    <li><button type="button" class="button mono" id="insert" onclick={insert} title={words.insert()}>{ hint }<span class="quiet" aria-hidden="true">{ " ⤵" }</span>
                        <span class="hidden-text">{ words.insert() }</span></button></li>
                }
            </ol>
            if given < HINTS {
                <button type="button" class="button" id="hint" title={format!("{} (H)", words.hint(given + 1, HINTS))} aria-keyshortcuts="H"
                    onclick={ask_for(view, || LessonChange::Hint)}>{ words.hint(given + 1, HINTS) }</button>
            }
        </div>
    }
}

/// Every goal of the lesson.
fn goals(store: &Store, open: &Open) -> Html {
    let words = store.words();
    let history = store.lab().history();
    let goal = |step: usize| {
        let (sign, state) = match (open.reached(step, history), open.done[step]) {
            (Some(_), _) => ("☑", words.step_done()),
            (None, true) => ("◪", words.step_done_before()),
            (None, false) => ("☐", words.step_open()),
        };
        html! {
            <li class={classes!((step == open.step).then_some("here"))} data-goal={open.lesson.steps[step].id.clone()} data-reached={(sign == "☑").to_string()}>
                <span class="tick" aria-hidden="true">{ sign }</span>
                <span>{ prose(&open.words_of(step, store.language).goal) }<span class="hidden-text">{ format!(" ({state})") }</span></span>
            </li>
        }
    };
    html! {
        <>
            <h3>{ words.goals() }</h3>
            <ul class="goals" id="goals" tabindex="-1" aria-label={words.goals()}>{ for (0..open.lesson.steps.len()).map(goal) }</ul>
        </>
    }
}

/// What the step still lacks, and the way on.
fn foot(view: &View, store: &Store, open: &Open) -> Html {
    let words = store.words();
    let history = store.lab().history();
    let (last, here) = (open.lesson.steps.len() - 1, open.step);
    let is_reached = open.reached(here, history).is_some();
    let lacks = open.lacks(here, history);
    let state = match lacks.first() {
        _ if open.is_done() => html! { <><span class="tick">{ "☑" }</span><span>{ words.lesson_complete() }</span></> },
        _ if is_reached => html! { <><span class="tick">{ "☑" }</span><span>{ words.goal_reached() }</span></> },
        Some(lack) => html! { <><span class="tick">{ "☐" }</span><span>{ sentence(words, lack) }</span></> },
        None => Html::default(),
    };
    let go = |to: usize| ask_for(view, move || LessonChange::Step(to));
    html! {
        <div class="lesson-foot">
            <p class={classes!("lack", is_reached.then_some("reached"))} role="status" id="lack">{ state }</p>
            <div class="row">
                <button type="button" class="button" disabled={here == 0} aria-keyshortcuts="P" title={format!("{} (P)", words.back())} onclick={go(here.saturating_sub(1))}>{ words.back() }</button>
                <button type="button" class="button plain" id="reset-lesson" onclick={ask_for(view, || LessonChange::Reset)}>{ words.reset_lesson() }</button>
                if here < last {
                    <button type="button" class={classes!("button", "next", is_reached.then_some("main"))} aria-keyshortcuts="N" title={format!("{} (N)", words.next())} onclick={go(here + 1)}>{ words.next() }</button>
                } else {
                    <a class={classes!("button", "next", open.is_done().then_some("main"))} href="#/learn">{ words.all_lessons() }</a>
                }
            </div>
        </div>
    }
}
