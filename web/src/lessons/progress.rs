//! How far one has come in a lesson, as the browser keeps it: the step, what is done, and all that was played, as a script.

/// Where a lesson was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub step: usize,
    /// Ids of the steps that have been done.
    pub done: Vec<String>,
    pub script: String,
}

/// A script longer than this, in bytes, is not kept: the lesson begins anew, with its steps still done.
const SCRIPT: usize = 64 << 10;

impl Progress {
    /// # Panics
    /// Never: what makes no sense is as good as nothing.
    pub fn read(text: &str) -> Progress {
        let mut progress = Progress::default();
        let mut rest = text;
        while let Some((line, behind)) = rest.split_once('\n') {
            match line.split_once(' ') {
                Some(("step", step)) => progress.step = step.parse().unwrap_or(0),
                Some(("done", id)) => progress.done.push(id.to_owned()),
                _ => break,
            }
            rest = behind;
        }
        if rest.len() <= SCRIPT {
            progress.script = rest.to_owned();
        }
        progress
    }

    pub fn text(&self) -> String {
        let done: String = self.done.iter().map(|id| format!("done {id}\n")).collect();
        let script = if self.script.len() <= SCRIPT { &self.script } else { "" };
        format!("step {}\n{done}{script}", self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let progress = Progress {
            step: 2,
            done: vec!["set".to_owned(), "del".to_owned()],
            script: "!scenario single\n!seed 1\n!begin\n@M> SET done x\n".to_owned(),
        };
        assert_eq!(Progress::read(&progress.text()), progress);
        let long = Progress { script: "x".repeat(SCRIPT + 1), ..progress };
        assert_eq!(Progress::read(&long.text()).script, "");
        assert_eq!(Progress::read("nonsense"), Progress { script: "nonsense".to_owned(), ..Progress::default() });
        assert_eq!(Progress::read("step -1\n").step, 0);
    }
}
