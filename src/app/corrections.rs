//! Conductor: `merge`, `split`, `apart`, `undo` and `corrections`: what a person knows better.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::Deserialize;

use crate::app::context::{Context, Failure};
use crate::app::stored::{the_article, the_cluster};
use crate::cli::{CorrectionsCommand, Exit, ListFormat, Place, View};
use crate::listing::corrections::{self, Corrected, Left, Named};
use crate::listing::plain::count;
use crate::model::{ArticleId, ClusterId, Correction, Ruling};
use crate::rank;
use crate::store::{RoleLock, Store, StoreError, Wanted, standing};
use crate::writer::Writer;

/// How long a command waits for the process that holds the role to obey.
const OBEYED_WITHIN: Duration = Duration::from_secs(15);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The largest list of corrections that is read, in bytes.
const IMPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Makes clusters one.
///
/// # Errors
/// When one of them is not there, or they are one cluster already.
pub fn merge(context: &Context, ids: &[String], view: View) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let mut clusters = Vec::new();
    for id in ids {
        clusters.push(the_cluster(&store, id)?);
    }
    let distinct: BTreeSet<ClusterId> = clusters.iter().copied().collect();
    let sides = if distinct.len() > 1 {
        let mut articles = Vec::new();
        for cluster in &distinct {
            articles.push(articles_of(&store, *cluster)?);
        }
        articles
    } else {
        // Of one cluster, two of its articles can be named, that no later decision parts.
        let named: BTreeSet<ArticleId> = ids.iter().filter_map(|id| the_article(&store, id).ok()).collect();
        if named.len() < 2 {
            return Err(anyhow!("`{}` and `{}` are one cluster already", ids[0], ids[1]).into());
        }
        named.into_iter().map(|article| vec![article]).collect()
    };
    let ones = sides[0].clone();
    let others = sides[1..].concat();
    ask(context, &Wanted { ruling: Ruling::Merge, ones, others, undoes: None }, view)
}

/// Takes articles out of their cluster into one of their own.
///
/// # Errors
/// When one of them is not there, they are of several clusters, or nothing would stay.
pub fn split(context: &Context, ids: &[String], view: View) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let mut ones = BTreeSet::new();
    for id in ids {
        ones.insert(the_article(&store, id)?);
    }
    let ones: Vec<ArticleId> = ones.into_iter().collect();
    let places: BTreeSet<ClusterId> = store.places_of(&ones)?.into_values().collect();
    let &[cluster] = places.iter().collect::<Vec<_>>().as_slice() else {
        return Err(anyhow!("these articles are of {} clusters; split one at a time", places.len()).into());
    };
    let mut others = articles_of(&store, *cluster)?;
    others.retain(|article| !ones.contains(article));
    if others.is_empty() {
        return Err(anyhow!("nothing would stay: these are all articles of their cluster").into());
    }
    ask(context, &Wanted { ruling: Ruling::Split, ones, others, undoes: None }, view)
}

/// Keeps two articles, or two clusters, apart for good.
///
/// # Errors
/// When one of them is not there, or both are the same.
pub fn apart(context: &Context, ids: [&str; 2], view: View) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let mut ones = side(&store, ids[0])?;
    let mut others = side(&store, ids[1])?;
    // An article against its own cluster means: against the rest of it.
    let (whole, part) = if ones.len() > others.len() { (&mut ones, &others) } else { (&mut others, &ones) };
    whole.retain(|article| !part.contains(article));
    if ones.is_empty() || others.is_empty() {
        return Err(anyhow!("`{}` and `{}` are the same: nothing could be apart", ids[0], ids[1]).into());
    }
    ask(context, &Wanted { ruling: Ruling::Apart, ones, others, undoes: None }, view)
}

/// Takes a correction back: the one of this number, else the last that stands.
///
/// # Errors
/// When there is none, or it is undone already.
pub fn undo(context: &Context, number: Option<i64>, view: View) -> Result<Exit, Failure> {
    let all = context.reader()?.corrections()?;
    let may_go = standing(all.clone());
    let chosen = match number {
        None => may_go.last().ok_or_else(|| anyhow!("there is no correction to undo"))?,
        Some(number) => {
            let found = all.iter().find(|correction| correction.number == number);
            let found =
                found.ok_or_else(|| anyhow!("there is no correction {number}; `newsfold corrections` lists them"))?;
            match found.ruling {
                Ruling::Undo => {
                    let hint = "what it took back can be said again";
                    return Err(anyhow!("correction {number} is an undoing itself; {hint}").into());
                }
                _ if !may_go.contains(found) => return Err(anyhow!("correction {number} is undone already").into()),
                _ => found,
            }
        }
    };
    let wanted = Wanted { ruling: Ruling::Undo, ones: vec![], others: vec![], undoes: Some(chosen.number) };
    ask(context, &wanted, view)
}

/// The log of corrections.
///
/// # Errors
/// When the database or a file cannot be read or written.
pub fn corrections(context: &Context, command: &CorrectionsCommand) -> Result<Exit, Failure> {
    match command {
        CorrectionsCommand::List(format) => list(context, *format),
        CorrectionsCommand::Export { to } => {
            let all = all(&context.reader()?)?;
            context.write(to, &corrections::json_by_line(&all))
        }
        CorrectionsCommand::Import { from } => import(context, from),
    }
}

fn list(context: &Context, format: Option<ListFormat>) -> Result<Exit, Failure> {
    let all = all(&context.reader()?)?;
    context.print(&corrections::log(&all, context.list_format(format), &context.style()))
}

/// A line of `corrections export`; what else stands in it is not needed.
#[derive(Deserialize)]
struct Line {
    ruling: Ruling,
    made: Timestamp,
    articles: Vec<String>,
    others: Vec<String>,
    #[serde(default)]
    undone_by: Option<i64>,
}

/// Takes over the corrections of another database that stand there and do not stand here, as far as their articles are here.
fn import(context: &Context, from: &Place) -> Result<Exit, Failure> {
    let mut store = context.store()?;
    let known = standing(store.corrections()?).into_iter();
    let mut known: BTreeSet<Key> =
        known.map(|correction| key(correction.ruling, correction.ones, correction.others)).collect();
    let (mut wanted, mut there, mut strange) = (Vec::new(), 0, 0);
    for (number, line) in reader(from)?.lines().enumerate() {
        let line = line.with_context(|| format!("cannot read line {}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line)
            .with_context(|| format!("line {} is no correction as `newsfold corrections export` writes it", number + 1))
            .map_err(Failure::misused)?;
        if line.ruling == Ruling::Undo || line.undone_by.is_some() {
            continue;
        }
        let (ones, mut others) = (store.articles_of_codes(&line.articles)?, store.articles_of_codes(&line.others)?);
        others.retain(|article| !ones.contains(article));
        if ones.is_empty() || others.is_empty() {
            strange += 1;
        } else if !known.insert(key(line.ruling, ones.clone(), others.clone())) {
            there += 1;
        } else {
            wanted.push((Wanted { ruling: line.ruling, ones, others, undoes: None }, line.made));
        }
    }
    // All of a list that can be read to its end, or nothing.
    store.add_corrections(&wanted)?;
    let added = wanted.len();
    drop(store);
    if added > 0 {
        carried_out(context, None)?;
    }
    let mut told = format!("{} added, {there} already there", count(added, "correction"));
    if strange > 0 {
        told.push_str(&format!("; {strange} left out, for their articles are not stored here"));
    }
    context.tell(&told);
    Ok(if strange > 0 { Exit::Partly } else { Exit::Done })
}

/// What makes two corrections the same.
type Key = (Ruling, Vec<ArticleId>, Vec<ArticleId>);

fn key(ruling: Ruling, mut ones: Vec<ArticleId>, mut others: Vec<ArticleId>) -> Key {
    ones.sort();
    others.sort();
    (ruling, ones, others)
}

fn reader(from: &Place) -> Result<Box<dyn BufRead>, Failure> {
    Ok(match from {
        Place::Standard => Box::new(BufReader::new(std::io::stdin().take(IMPORT_BYTES_MAX))),
        Place::File(path) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            Box::new(BufReader::new(file.take(IMPORT_BYTES_MAX)))
        }
    })
}

/// Notes a correction, has it obeyed, and says what came of it.
fn ask(context: &Context, wanted: &Wanted, view: View) -> Result<Exit, Failure> {
    let Some(number) = context.store()?.add_correction(wanted, context.now)? else {
        return Err(anyhow!("it was undone a moment ago").into());
    };
    carried_out(context, Some(number))?;
    let store = context.reader()?;
    let all = store.corrections()?;
    let find = |number: i64| all.iter().find(|correction| correction.number == number);
    let correction = find(number).ok_or_else(|| anyhow!("correction {number} is not there any more"))?;
    let undone = wanted.undoes.and_then(find).map(|undone| with_names(&store, undone, &all)).transpose()?;
    let named: Vec<ArticleId> = match &undone {
        Some(undone) => [undone.correction.ones.as_slice(), &undone.correction.others].concat(),
        None => [wanted.ones.as_slice(), &wanted.others].concat(),
    };
    let clusters: BTreeSet<ClusterId> = store.places_of(&named)?.into_values().collect();
    let mut left = Vec::new();
    for id in clusters {
        let Some(cluster) = store.cluster(id)? else { continue };
        let facts = rank::facts(&cluster, &context.rank_params());
        left.push(Left { id: cluster.code, headline: facts.headline, articles: facts.article_count });
    }
    let corrected = with_names(&store, correction, &all)?;
    context.print(&corrections::told(&corrected, &left, undone.as_ref(), context.format(view), &context.style()))
}

/// Has the corrections obeyed: by whoever holds the role, or by ourselves where nobody does. A holder that has its hands full is not
/// waited for without end: what is noted is not lost.
fn carried_out(context: &Context, number: Option<i64>) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        match RoleLock::take(&context.config.database, "merge") {
            Ok(_lock) => {
                Writer::new(context.store()?, context.writer_params()?)?.obey()?;
                return Ok(());
            }
            Err(StoreError::Held { holder, .. }) => {
                let store = context.reader()?;
                let obeyed = match number {
                    Some(number) => {
                        store.corrections()?.iter().any(|known| known.number == number && known.seq.is_some())
                    }
                    None => !store.is_correction_pending()?,
                };
                if obeyed {
                    return Ok(());
                }
                if began.elapsed() > OBEYED_WITHIN {
                    let who = format!("`newsfold {}` (process {})", holder.command, holder.process);
                    context.tell(&format!("{who} is at work; it is obeyed with the next batch of articles"));
                    return Ok(());
                }
            }
            Err(error) => return Err(error.into()),
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Every correction with what it names.
fn all(store: &Store) -> Result<Vec<Corrected>, Failure> {
    let all = store.corrections()?;
    all.iter().map(|correction| with_names(store, correction, &all)).collect()
}

/// One of all corrections with what it names.
fn with_names(store: &Store, correction: &Correction, all: &[Correction]) -> Result<Corrected, Failure> {
    let named = |articles: &[ArticleId]| -> Result<Vec<Named>, StoreError> {
        Ok(store.names_of(articles)?.into_iter().map(|(id, title)| Named { id, title }).collect())
    };
    let moved: Vec<ArticleId> = store.moved_by(correction.number)?.iter().map(|moved| moved.article).collect();
    Ok(Corrected {
        ones: named(&correction.ones)?,
        others: named(&correction.others)?,
        moved: named(&moved)?,
        undone_by: all.iter().find(|other| other.undoes == Some(correction.number)).map(|other| other.number),
        correction: correction.clone(),
    })
}

/// What an id names: one article, or all of a cluster.
fn side(store: &Store, id: &str) -> Result<Vec<ArticleId>, Failure> {
    if id.starts_with('c') { articles_of(store, the_cluster(store, id)?) } else { Ok(vec![the_article(store, id)?]) }
}

fn articles_of(store: &Store, cluster: ClusterId) -> Result<Vec<ArticleId>, Failure> {
    let members = store.cluster(cluster)?.map(|cluster| cluster.members).unwrap_or_default();
    let mut articles: Vec<ArticleId> = members.iter().map(|member| member.article.id).collect();
    articles.sort();
    Ok(articles)
}
