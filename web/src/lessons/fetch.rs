//! Lessons are no part of the page's first load: they are fetched when somebody wants to learn.

use std::rc::Rc;

use kvarium_lessons::{LESSONS, Lesson, Listed};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;

use super::LessonChange;
use super::progress::Progress;
use crate::app::recalled;
use crate::store::{Change, Route, View};

/// The list of lessons, which knows the name of each lesson's file.
const LIST: &str = "lessons.txt";

/// Brings what a route shows.
pub fn fetch(view: View, route: Route) {
    let lesson = match route {
        Route::Lessons => None,
        Route::Lesson(id) => Some(id),
        _ => return,
    };
    spawn_local(async move {
        let came = match lesson {
            None => list().await.map(LessonChange::Listed),
            Some(id) => open(id).await,
        };
        // Somebody may have gone elsewhere in the meantime.
        if view.read().route == route {
            view.ask(Change::Lesson(came.unwrap_or(LessonChange::Failed)));
        }
    });
}

async fn list() -> Option<Vec<(Listed, usize)>> {
    let text = text(LIST).await?;
    let listed = text.lines().filter_map(Listed::from_text).filter(|listed| LESSONS.contains(&listed.id.as_str()));
    let with_done = |listed: Listed| (remembered(&listed.id).map_or(0, |progress| progress.done.len()), listed);
    Some(listed.map(with_done).map(|(done, listed)| (listed, done)).collect())
}

async fn open(id: &str) -> Option<LessonChange> {
    let (listed, _) = list().await?.into_iter().find(|(listed, _)| listed.id == id)?;
    let lesson = Lesson::from_text(&text(&listed.file).await?)?;
    Some(LessonChange::Opened(Rc::new(lesson), remembered(id)))
}

async fn text(path: &str) -> Option<String> {
    let response = JsFuture::from(web_sys::window()?.fetch_with_str(path)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

fn remembered(id: &str) -> Option<Progress> {
    recalled(&format!("lesson.{id}")).map(|text| Progress::read(&text))
}
