//! The page that offers the lessons.

use kvarium_lessons::Listed;
use yew::prelude::*;

use super::LessonChange;
use crate::catalogue::{Language, Words};
use crate::shell::header;
use crate::store::{Change, View};

pub fn list(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let listed = match &store.lessons.list {
        Some(all) => {
            html! { <ul class="lesson-list">{ for all.iter().map(|(lesson, done)| door(words, lesson, *done)) }</ul> }
        }
        None => waiting(view),
    };
    html! {
        <div class="home learn">
            { header(view) }
            <main>
                <h1>{ words.lessons() }</h1>
                <p class="lead">{ words.lessons_lead() }</p>
                { listed }
            </main>
        </div>
    }
}

fn door(words: Words, lesson: &Listed, done: usize) -> Html {
    let (title, summary) = match words.0 {
        Language::En => &lesson.en,
        Language::Zh => &lesson.zh,
    };
    let state = match done {
        0 => words.minutes(lesson.minutes),
        done if done >= lesson.steps => words.lesson_done().to_owned(),
        done => words.steps_done(done, lesson.steps),
    };
    html! {
        <li key={lesson.id.clone()}>
            <a class="door" href={format!("#/learn/{}", lesson.id)}>
                <strong><code class="quiet">{ &lesson.id }</code>{ " " }{ title }</strong>
                <span>{ summary }</span>
                <span class="quiet">{ state }</span>
            </a>
        </li>
    }
}

/// While a lesson, or the list, is on its way, or when it has not come.
pub fn waiting(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    if !store.lessons.failed {
        return html! { <p class="loading" role="status">{ words.loading() }</p> };
    }
    let again = view.changing(|_: MouseEvent| Change::Lesson(LessonChange::TryAgain));
    html! {
        <div class="empty" role="alert">
            <strong>{ words.not_loaded() }</strong>
            <button type="button" class="button" onclick={again}>{ words.try_again() }</button>
        </div>
    }
}
