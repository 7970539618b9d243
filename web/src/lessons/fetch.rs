//! Lessons are no part of the page's first load: they are fetched when somebody wants to learn.

use std::rc::Rc;

use kvarium_lessons::{LESSONS, Lesson, Listed};
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;

use super::LessonChange;
use super::progress::Progress;
use crate::app::recalled;
use crate::store::{Change, Route, View};

/// The list of lessons, which knows the name of each lesson's file.
const LIST: &str = "lessons.json";

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
    let mut listed: Vec<Listed> = json(LIST).await?;
    listed.retain(|listed| LESSONS.contains(&listed.id.as_str()));
    let done = |listed: &Listed| remembered(&listed.id).map_or(0, |progress| progress.done.len());
    Some(listed.into_iter().map(|listed| (listed.clone(), done(&listed))).collect())
}

async fn open(id: &str) -> Option<LessonChange> {
    let (listed, _) = list().await?.into_iter().find(|(listed, _)| listed.id == id)?;
    let lesson: Lesson = json(&listed.file).await?;
    Some(LessonChange::Opened(Rc::new(lesson), remembered(id)))
}

async fn json<T: DeserializeOwned>(path: &str) -> Option<T> {
    let response = JsFuture::from(web_sys::window()?.fetch_with_str(path)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let value = JsFuture::from(response.json().ok()?).await.ok()?;
    serde_wasm_bindgen::from_value(value).ok()
}

fn remembered(id: &str) -> Option<Progress> {
    recalled(&format!("lesson.{id}")).map(|text| Progress::read(&text))
}
