//! Station: the features of a document's drafts, made before the writer asks for them.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::features::lexicon::Lexicon;
use crate::features::{self, Features, Params, Subject, boilerplate};
use crate::model::Draft;

/// The features of some drafts, found again by their words.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    params: Params,
    made: HashMap<u64, Made>,
}

#[derive(Clone, Debug, PartialEq)]
struct Made {
    /// The language they were made for.
    lang: Option<String>,
    features: Features,
}

impl Ahead {
    /// Makes them. It is worth it where most of the drafts are new, as in the first document of a feed: the writer is one thread, and
    /// whoever reads documents are several.
    pub fn of(drafts: &[Draft], params: Params) -> Ahead {
        let made = drafts.iter().map(|draft| {
            let lang = draft.lang.clone();
            let text = boilerplate::without(&draft.text, &draft.repeated);
            let subject = Subject { title: &draft.title, text: &text, lang: lang.as_deref() };
            let features = features::of(&subject, Lexicon::builtin(), &params);
            (key(&draft.title, &text), Made { lang, features })
        });
        Ahead { made: made.collect(), params }
    }

    /// The features of this subject, if they were made with these parameters.
    pub fn features(&self, subject: &Subject<'_>, params: &Params) -> Option<&Features> {
        let made = self.made.get(&key(subject.title, subject.text))?;
        (made.lang.as_deref() == subject.lang && self.params == *params).then_some(&made.features)
    }
}

/// 64 bits for the words of a draft; a document has some thousands of them at most.
fn key(title: &str, text: &str) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(title.as_bytes());
    hash.update(&[0]);
    hash.update(text.as_bytes());
    hash.digest()
}
