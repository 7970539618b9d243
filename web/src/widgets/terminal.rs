//! A terminal: what was said and answered, and a line to type on, with completion, history and hints.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::catalogue::Words;
use crate::console::command_line::pasted_lines;
use crate::console::completion::Suggestions;
use crate::widgets::state::use_value;

/// Pasting more lines than this is confirmed first.
const UNASKED_LINES: usize = 5;

#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub id: u64,
    pub prompt: AttrValue,
    pub command: AttrValue,
    pub answer: Answer,
    /// Which gate refused it.
    pub gate: Option<AttrValue>,
    /// Request and reply as they went over the wire.
    pub bytes: Option<(AttrValue, AttrValue)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Waiting,
    Text {
        text: AttrValue,
        is_error: bool,
    },
    /// Said by the page, not by a node.
    Note(AttrValue),
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub words: Words,
    /// The `id` of the input, unique on its page.
    pub id: AttrValue,
    pub exchanges: Rc<[Shown]>,
    pub prompt: AttrValue,
    /// Lines typed before, oldest first.
    pub history: Rc<[AttrValue]>,
    #[prop_or_default]
    pub readonly: bool,
    pub suggest: Callback<String, Suggestions>,
    pub on_line: Callback<String>,
    /// Ctrl-C, where there is no line to be given up.
    pub on_leave: Callback<()>,
    /// What the connection gets by itself, if anything.
    #[prop_or_default]
    pub stream: Option<AttrValue>,
    /// A line that comes from elsewhere, to be run or changed: each with a number of its own.
    #[prop_or_default]
    pub inserted: Option<(u64, AttrValue)>,
    /// Shown while nothing has been typed.
    #[prop_or_default]
    pub welcome: AttrValue,
}

/// What the input is doing.
#[derive(Clone, Debug, PartialEq)]
enum Mode {
    Typing,
    /// Looking at an earlier line, so many from the end.
    Recalling(usize),
    /// Ctrl-R: what is typed is looked for in the history; so many matches are passed over.
    Searching(usize),
}

#[component]
pub fn Terminal(props: &Props) -> Html {
    let lines = use_node_ref();
    let input = use_node_ref();
    let text = use_value(String::new());
    let mode = use_value(Mode::Typing);
    // Escape hides what is suggested, until the line changes.
    let quiet = use_value(false);
    let pasted = use_value(None::<Rc<[String]>>);

    let suggestions = if *mode == Mode::Typing && !*quiet && !text.is_empty() {
        props.suggest.emit((*text).clone())
    } else {
        Suggestions::default()
    };
    let found = match *mode {
        Mode::Searching(passed) => search(&props.history, &text, passed),
        _ => None,
    };
    let behind = found.clone().map_or_else(|| ghost(&text, &suggestions), |line| format!("   {line}"));

    {
        let lines = lines.clone();
        let newest = props.exchanges.last().map(|shown| (shown.id, shown.answer == Answer::Waiting));
        use_effect_with((newest, props.exchanges.len()), move |_| {
            if let Some(lines) = lines.cast::<HtmlElement>() {
                lines.set_scroll_top(lines.scroll_height());
            }
        });
    }

    {
        let (text, mode, input) = (text.clone(), mode.clone(), input.clone());
        // What was put into another terminal before this one was there is none of its business.
        let first = use_mut_ref(|| true);
        use_effect_with(props.inserted.clone(), move |inserted| {
            let is_first = std::mem::replace(&mut *first.borrow_mut(), false);
            if let Some((_, line)) = inserted.as_ref().filter(|_| !is_first) {
                text.set(line.to_string());
                mode.set(Mode::Typing);
                if let Some(input) = input.cast::<HtmlElement>() {
                    let _ = input.focus();
                }
            }
        });
    }

    let set = {
        let (text, mode, quiet) = (text.clone(), mode.clone(), quiet.clone());
        Callback::from(move |(line, how): (String, Mode)| {
            text.set(line);
            mode.set(how);
            quiet.set(false);
        })
    };
    let submit = {
        let (set, on_line) = (set.clone(), props.on_line.clone());
        Callback::from(move |line: String| {
            set.emit((String::new(), Mode::Typing));
            on_line.emit(line);
        })
    };
    let take = {
        let (set, text, suggestions) = (set.clone(), text.clone(), suggestions.clone());
        Callback::from(move |choice: usize| {
            if let Some(choice) = suggestions.choices.get(choice) {
                set.emit((format!("{}{choice} ", &text[..suggestions.from]), Mode::Typing));
            }
        })
    };
    let recall = {
        let (set, history, mode) = (set.clone(), props.history.clone(), mode.clone());
        Callback::from(move |earlier: bool| {
            let back = if let Mode::Recalling(back) = *mode { back } else { 0 };
            let back = if earlier { (back + 1).min(history.len()) } else { back.saturating_sub(1) };
            let line = (back > 0).then(|| history[history.len() - back].to_string());
            let how = if back > 0 { Mode::Recalling(back) } else { Mode::Typing };
            set.emit((line.unwrap_or_default(), how));
        })
    };
    let onkeydown = {
        let (text, mode, quiet, set) = (text.clone(), mode.clone(), quiet.clone(), set.clone());
        let (submit, take, recall, found) = (submit.clone(), take.clone(), recall.clone(), found.clone());
        let offers = !suggestions.choices.is_empty();
        let hints = offers || !suggestions.hint.is_empty();
        let waits = props.stream.is_some() || props.exchanges.iter().any(|shown| shown.answer == Answer::Waiting);
        let on_leave = props.on_leave.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.is_composing() {
                return;
            }
            let searching = matches!(*mode, Mode::Searching(_));
            match event.key().as_str() {
                "Enter" if searching => set.emit((found.clone().unwrap_or_default(), Mode::Typing)),
                "Enter" => submit.emit((*text).clone()),
                "Tab" if offers && !event.shift_key() => take.emit(0),
                "ArrowUp" => recall.emit(true),
                "ArrowDown" => recall.emit(false),
                "Escape" if searching => set.emit((String::new(), Mode::Typing)),
                "Escape" if hints => quiet.set(true),
                "r" if event.ctrl_key() => match *mode {
                    Mode::Searching(passed) => mode.set(Mode::Searching(passed + 1)),
                    _ => set.emit((String::new(), Mode::Searching(0))),
                },
                "c" if event.ctrl_key() && text.is_empty() && waits => on_leave.emit(()),
                "c" if event.ctrl_key() && has_no_selection(&event) => set.emit((String::new(), Mode::Typing)),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let oninput = {
        let (set, mode) = (set.clone(), mode.clone());
        Callback::from(move |event: InputEvent| {
            let how = if matches!(*mode, Mode::Searching(_)) { Mode::Searching(0) } else { Mode::Typing };
            set.emit((event.target_unchecked_into::<HtmlInputElement>().value(), how));
        })
    };
    let onpaste = {
        let (pasted, text, set, on_line) = (pasted.clone(), text.clone(), set.clone(), props.on_line.clone());
        Callback::from(move |event: Event| {
            let event = event.unchecked_into::<ClipboardEvent>();
            let clip = event.clipboard_data().and_then(|data| data.get_data("text").ok()).unwrap_or_default();
            if !clip.trim_end().contains('\n') {
                return;
            }
            event.prevent_default();
            let lines = pasted_lines(&format!("{}{clip}", *text));
            set.emit((String::new(), Mode::Typing));
            if lines.len() > UNASKED_LINES {
                pasted.set(Some(lines.into()));
            } else {
                lines.into_iter().for_each(|line| on_line.emit(line));
            }
        })
    };
    let onclick = {
        let input = input.clone();
        Callback::from(move |_: MouseEvent| {
            let selection = web_sys::window().and_then(|window| window.get_selection().ok().flatten());
            let is_selecting = selection.is_some_and(|selection| !selection.is_collapsed());
            if let Some(input) = input.cast::<HtmlElement>().filter(|_| !is_selecting) {
                let _ = input.focus();
            }
        })
    };
    let prompt = match *mode {
        Mode::Searching(_) => AttrValue::from(format!("({})", props.words.searching())),
        _ => props.prompt.clone(),
    };
    let hint_id = format!("{}-hint", props.id);
    let chip = |(at, choice): (usize, &String)| {
        html! { <button type="button" class="chip" tabindex="-1" onclick={take.reform(move |_: MouseEvent| at)}>{ choice.clone() }</button> }
    };
    html! {
        <div class="terminal">
            <div class="terminal-lines" ref={lines} tabindex="0" role="log" aria-label={props.words.terminal()} {onclick}>
                if props.exchanges.is_empty() && !props.welcome.is_empty() {
                    <p class="exchange"><span class="note">{ props.welcome.clone() }</span></p>
                }
                { for props.exchanges.iter().map(|shown| exchange(props.words, shown)) }
            </div>
            if let Some(waiting) = &*pasted {
                { confirmation(props, waiting, &pasted) }
            }
            if let Some(stream) = &props.stream {
                <div class="stream-bar" role="status">
                    <span>{ stream.clone() }</span>
                    <button type="button" class="button" onclick={props.on_leave.reform(|_: MouseEvent| ())}>{ props.words.leave() }{ " " }<kbd>{ "Ctrl C" }</kbd></button>
                </div>
            }
            if !props.readonly {
                <div class="terminal-input">
                    <span class="prompt">{ prompt }</span>
                    <div class="entry">
                        <span class="ghost" aria-hidden="true"><i>{ (*text).clone() }</i>{ behind }</span>
                        <input ref={input} id={props.id.clone()} class="mono" type="text" value={(*text).clone()} aria-label={props.words.command_input()}
                            aria-describedby={hint_id.clone()} autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"
                            enterkeyhint="send" {oninput} {onkeydown} {onpaste} />
                    </div>
                </div>
                <div class="hintline" id={hint_id}>
                    <div class="chips" role="group" aria-label={props.words.complete()}>{ for suggestions.choices.iter().enumerate().map(chip) }</div>
                </div>
                { touch_keys(props.words, &text, &take, &recall, &submit) }
            }
        </div>
    }
}

/// What stands grey behind the cursor: the rest of the first choice, or what may still be given.
fn ghost(text: &str, suggestions: &Suggestions) -> String {
    match suggestions.choices.first() {
        Some(choice) if text.len() > suggestions.from => {
            choice.get(text.len() - suggestions.from..).unwrap_or_default().to_owned()
        }
        Some(choice) if suggestions.hint.is_empty() => choice.clone(),
        _ => suggestions.hint.clone(),
    }
}

/// The newest line of the history that contains what was typed, after so many newer ones.
fn search(history: &[AttrValue], typed: &str, passed: usize) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    let mut matches: Vec<_> = history.iter().filter(|line| line.contains(typed)).collect();
    matches.reverse();
    matches.get(passed).or(matches.last()).map(|line| line.to_string())
}

fn has_no_selection(event: &KeyboardEvent) -> bool {
    let input = event.target_unchecked_into::<HtmlInputElement>();
    input.selection_start().ok().flatten() == input.selection_end().ok().flatten()
}

fn exchange(words: Words, shown: &Shown) -> Html {
    let answer = match &shown.answer {
        Answer::Waiting => html! { <span class="waiting">{ words.waiting() }</span> },
        Answer::Text { text, is_error } => html! { <pre class={is_error.then_some("error")}>{ text.clone() }</pre> },
        Answer::Note(text) => html! { <span class="note">{ text.clone() }</span> },
    };
    html! {
        <div class="exchange" key={shown.id}>
            if !shown.command.is_empty() {
                <pre><span class="prompt">{ shown.prompt.clone() }{ " " }</span><span class="typed">{ shown.command.clone() }</span></pre>
            }
            { answer }
            if let Some(gate) = &shown.gate {
                <span class="gate">{ "⊘ " }{ gate.clone() }</span>
            }
            if let Some((request, reply)) = &shown.bytes {
                <div class="wire">
                    if !request.is_empty() { <pre><span class="quiet" aria-hidden="true">{ "→ " }</span>{ request.clone() }</pre> }
                    if !reply.is_empty() { <pre><span class="quiet" aria-hidden="true">{ "← " }</span>{ reply.clone() }</pre> }
                </div>
            }
        </div>
    }
}

fn confirmation(props: &Props, waiting: &Rc<[String]>, pasted: &UseStateHandle<Option<Rc<[String]>>>) -> Html {
    let run = {
        let (waiting, pasted, on_line) = (waiting.clone(), pasted.clone(), props.on_line.clone());
        Callback::from(move |_: MouseEvent| {
            pasted.set(None);
            waiting.iter().for_each(|line| on_line.emit(line.clone()));
        })
    };
    let cancel = {
        let pasted = pasted.clone();
        Callback::from(move |_: MouseEvent| pasted.set(None))
    };
    html! {
        <div class="tools" role="alertdialog" aria-label={props.words.run_lines(waiting.len())}>
            <span>{ props.words.run_lines(waiting.len()) }</span>
            <button type="button" class="button main" onclick={run}>{ props.words.run() }</button>
            <button type="button" class="button" onclick={cancel}>{ props.words.cancel() }</button>
        </div>
    }
}

/// What a telephone's keyboard lacks.
fn touch_keys(
    words: Words,
    text: &UseStateHandle<String>,
    take: &Callback<usize>,
    recall: &Callback<bool>,
    submit: &Callback<String>,
) -> Html {
    let line = (**text).clone();
    let run = submit.reform(move |_: MouseEvent| line.clone());
    html! {
        <div class="touch-keys">
            <button type="button" class="button" aria-label={words.earlier()} onclick={recall.reform(|_: MouseEvent| true)}>{ icon(Icon::Up) }</button>
            <button type="button" class="button" aria-label={words.later()} onclick={recall.reform(|_: MouseEvent| false)}>{ icon(Icon::Down) }</button>
            <button type="button" class="button" onclick={take.reform(|_: MouseEvent| 0)}>{ "Tab" }</button>
            <button type="button" class="button main" onclick={run}>{ words.run() }</button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_searched_from_its_end() {
        let history: Vec<AttrValue> = ["SET a 1", "GET a", "SET b 2"].into_iter().map(AttrValue::from).collect();
        assert_eq!(search(&history, "SET", 0).as_deref(), Some("SET b 2"));
        assert_eq!(search(&history, "SET", 1).as_deref(), Some("SET a 1"));
        assert_eq!(search(&history, "SET", 9).as_deref(), Some("SET a 1"));
        assert_eq!(search(&history, "nothing", 0), None);
    }

    #[test]
    fn the_ghost_completes_the_word_or_names_what_comes_next() {
        let choices = Suggestions { from: 4, choices: vec!["user:1".into()], hint: "key".into() };
        assert_eq!(ghost("GET us", &choices), "er:1");
        assert_eq!(ghost("GET ", &choices), "key");
        assert_eq!(ghost("GET x", &Suggestions { hint: " value".into(), ..Suggestions::default() }), " value");
    }
}
