//! Door: the command line, and everything that depends on the terminal.
//!
//! Arguments pass through two stages: `typed` is what was typed, word for word; the types of this file are what it
//! means, and nothing outside this door sees the first.

mod manual;
pub mod moment;
pub mod places;
pub mod terminal;
mod typed;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::cli::moment::When;
use crate::cli::terminal::{ColorMode, Terminal};

/// Everything that one call of newsfold asks for.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What holds for every command.
    pub global: Global,
    /// What to do.
    pub command: Command,
}

/// The options that every command takes.
#[derive(Clone, Debug)]
pub struct Global {
    /// The config file, if one was named.
    pub config: Option<PathBuf>,
    /// The database, if one was named: goes before every other setting, and a relative path starts at the current folder.
    pub database: Option<PathBuf>,
    /// Say nothing but errors.
    pub quiet: bool,
    /// How much more to say: 0 for the usual, 1 for each step, 2 for everything.
    pub verbose: u8,
    /// How the log is written.
    pub log_format: LogFormat,
    /// Whether to colour.
    pub color: ColorMode,
    /// The zone of times for people and of dates that people type.
    pub zone: TimeZone,
}

/// How the log is written to stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// Lines for the journal, with their priority. `text` is this where stderr is the journal.
    Journald,
}

/// A command with its own arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The background service.
    Run,
    /// One pass over the feeds.
    Fetch(FetchArgs),
    /// How the daemon, the feeds and the database are.
    Status(View),
    /// Lists clusters.
    Clusters(ListArgs),
    /// One cluster in full.
    Show(ShowArgs),
    /// Why an article is where it is.
    Why(WhyArgs),
    /// Full-text search over articles, grouped by cluster.
    Search(SearchArgs),
    /// Makes clusters one, because a person says so.
    Merge {
        /// Clusters, or articles of them, by id or a unique beginning of it; two or more.
        ids: Vec<String>,
        /// How to tell what came of it.
        view: View,
    },
    /// Takes articles out of their cluster into one of their own.
    Split {
        /// Articles of one cluster, by id or a unique beginning of it; never empty.
        articles: Vec<String>,
        /// How to tell what came of it.
        view: View,
    },
    /// Keeps two articles, or two clusters, apart for good.
    Apart {
        /// An article or a cluster.
        one: String,
        /// Another one.
        other: String,
        /// How to tell what came of it.
        view: View,
    },
    /// Takes a correction back.
    Undo {
        /// Its number; the last that stands where there is none.
        number: Option<i64>,
        /// How to tell what came of it.
        view: View,
    },
    /// The log of corrections.
    Corrections(CorrectionsCommand),
    /// Hides clusters until they have news.
    Dismiss(DismissArgs),
    /// Exports a digest.
    Digest(DigestArgs),
    /// Lists the editions that are kept.
    Editions {
        /// Of the digest of this name alone.
        name: Option<String>,
        /// In what form; `None` means a table on a terminal and plain lines without one.
        format: Option<ListFormat>,
    },
    /// Manages feeds.
    Feeds(FeedsCommand),
    /// Clusters an archive in a throw-away database and scores it.
    Eval(EvalArgs),
    /// Remakes everything derived.
    Rebuild {
        /// Also what was settled when articles were pruned.
        all: bool,
    },
    /// What needs a person.
    Doctor(View),
    /// Writes a copy of the database.
    Backup {
        /// Where to.
        to: PathBuf,
        /// Whether a file that is there is replaced.
        force: bool,
    },
    /// Puts a copy in the place of the database.
    Restore {
        /// The copy.
        from: PathBuf,
    },
    /// Applies retention.
    Prune(PruneArgs),
    /// Writes the starter config.
    Init(InitArgs),
    /// The main job on sample feeds.
    Demo(View),
    /// Prints a completion script.
    Completions(Shell),
    /// Prints the manual page.
    Man,
    /// Renders a user's template, as another process of ours asks for on stdin; no command for people.
    RenderTemplate,
    /// Reads a document that a process died over, as another process of ours asks for on stdin; no command for people.
    ReadDocument,
}

/// Arguments of `prune`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneArgs {
    /// Only say what would go.
    pub dry_run: bool,
    /// Write the file anew, so that all of its free room goes back to the disk.
    pub vacuum: bool,
    /// Prune whatever the clock did.
    pub force: bool,
}

/// Arguments of `fetch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchArgs {
    /// The feeds to ask, due or not; none means those that are due.
    pub feeds: Vec<String>,
    /// Ask every feed, due or not.
    pub all: bool,
    /// Only say what would be asked, and why.
    pub dry_run: bool,
}

/// Which clusters a list holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The newest article was published at this moment or later.
    pub since: Option<When>,
    /// The newest article was published before this moment.
    pub until: Option<When>,
    /// At least so many outlets; 0 and 1 are the same.
    pub outlets_min: usize,
    /// At least so many articles; 0 and 1 are the same.
    pub articles_min: usize,
    /// An article of one of these outlets; none means any.
    pub outlets: Vec<String>,
    /// An article of one of these feeds, by URL; none means any.
    pub feeds: Vec<String>,
    /// One of these tags; none means any.
    pub tags: Vec<String>,
    /// One of these languages, lower case and without region (`en`); none means any.
    pub languages: Vec<String>,
    /// Words that an article must hold.
    pub query: Option<String>,
    /// Whether what the config mutes is there too.
    pub unmuted: bool,
}

/// Arguments of `clusters`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListArgs {
    /// Which clusters.
    pub filter: Filter,
    /// In what order.
    pub sort: Sort,
    /// At most so many; `None` means all.
    pub limit: Option<usize>,
    /// In what form; `None` means a table on a terminal and plain lines without one.
    pub format: Option<ListFormat>,
    /// Only what is new to this reader.
    pub new: Option<New>,
    /// Only what was dismissed; of `clusters`.
    pub dismissed: bool,
}

/// Only what came since a list was last shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct New {
    /// The list's name; `None` means the command's own, of a search its words.
    pub name: Option<String>,
}

/// Arguments of `dismiss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismissArgs {
    /// Ids or unique beginnings of them; never empty.
    pub clusters: Vec<String>,
    /// Whether they are shown again.
    pub undo: bool,
}

/// Arguments of `search`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchArgs {
    /// What to search for; never empty.
    pub words: String,
    /// Where, and how to show it.
    pub list: ListArgs,
}

/// Arguments of `show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowArgs {
    /// The cluster's id or a unique beginning of it.
    pub cluster: String,
    /// How to show it.
    pub view: View,
}

/// Arguments of `why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyArgs {
    /// The article's id or a unique beginning of it.
    pub article: String,
    /// A second article, to ask why the two are together or apart.
    pub other: Option<String>,
    /// How to show it.
    pub view: View,
}

/// Arguments of `digest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DigestArgs {
    /// The digest's name: its title, and what its editions go by.
    pub name: Option<String>,
    /// What it covers.
    pub covers: Covers,
    /// Which clusters.
    pub filter: Filter,
    /// In what order.
    pub sort: Sort,
    /// At most so many stories; `None` means the usual number.
    pub top: Option<usize>,
    /// In what form; `None` means text, or what the config says of this name.
    pub format: Option<DigestFormat>,
    /// Where to; `None` means stdout, or what the config says of this name.
    pub out: Option<Place>,
    /// Whether it is sent by mail.
    pub mail: bool,
    /// A template in place of the built-in one; `None` may be what the config says of this name.
    pub template: Option<PathBuf>,
    /// Instead of a new digest, the edition of this number, as it was made.
    pub edition: Option<u32>,
    /// Instead of a digest, the built-in template of this format.
    pub print_template: Option<DigestFormat>,
    /// The tags that get a section each, in this order.
    pub sections: Vec<String>,
}

/// The subcommands of `corrections`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionsCommand {
    /// Every correction. `None` means a table on a terminal and plain lines without one.
    List(Option<ListFormat>),
    /// Writes them as JSON Lines.
    Export {
        /// Where to.
        to: Place,
    },
    /// Takes over those of another database.
    Import {
        /// What `export` wrote.
        from: Place,
    },
}

/// What a digest covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Covers {
    /// What fits the filter.
    #[default]
    Filter,
    /// What came since the last edition of its name, and is an edition itself.
    SinceLast,
    /// What came since the last digest that was asked for what is new.
    New,
}

/// The subcommands of `feeds`.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedsCommand {
    /// Every feed and how it is doing.
    List(FeedsListArgs),
    /// Adds feeds to the database.
    Add(FeedsAddArgs),
    /// Removes feeds by URL; their articles stay.
    Remove {
        /// URLs as `feeds list` shows them; never empty.
        urls: Vec<String>,
    },
    /// Fetches and explains without storing.
    Check {
        /// URLs or paths; none means every feed.
        urls: Vec<String>,
        /// How to ask.
        how: Asking,
        /// How to show it.
        view: View,
    },
    /// Finds the feeds of a page.
    Discover {
        /// The page.
        url: String,
        /// Whether it may lead into private networks.
        allow_private: bool,
        /// In what form; `None` means a table on a terminal and plain lines without one.
        format: Option<ListFormat>,
    },
    /// Adds the feeds of an OPML file.
    Import {
        /// The OPML file.
        from: Place,
        /// Whether it may name files of this machine.
        files: bool,
    },
    /// Writes all feeds as OPML.
    Export {
        /// Where to.
        to: Place,
    },
}

/// How `feeds check` asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Without what the feed is known by, so that it comes whole.
    pub whole: bool,
    /// Feeds that are not known may lead into private networks.
    pub allow_private: bool,
}

/// Arguments of `feeds list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedsListArgs {
    /// Only feeds that a person may have to look at.
    pub trouble: bool,
    /// In what form; `None` means a table on a terminal and plain lines without one.
    pub format: Option<ListFormat>,
}

/// Arguments of `feeds add`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedsAddArgs {
    /// URLs or paths; never empty.
    pub urls: Vec<String>,
    /// The publisher's name.
    pub outlet: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// A fixed interval in place of the learned one.
    pub interval: Option<SignedDuration>,
    /// Whether their articles may be grouped.
    pub cluster: bool,
    /// Higher is preferred as a cluster's representative.
    pub priority: i32,
    /// Whether their articles can be read by subscribers alone.
    pub paywalled: bool,
    /// Whether they may lead into private networks and to this machine.
    pub allow_private: bool,
    /// Whether each is asked first, and a page is searched for its feeds.
    pub check: bool,
    /// Whether all feeds of a page are added, where it has several.
    pub all: bool,
}

/// Arguments of `eval`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalArgs {
    /// The archive: one article a line, JSON.
    pub file: PathBuf,
    /// Where to write `id<TAB>cluster` for every line.
    pub assignments: Option<PathBuf>,
    /// Whether the figures are printed as JSON.
    pub view: View,
    /// Whether the articles are stored as well, in a throw-away database, and indexed for search.
    pub stored: bool,
    /// Cluster settings to try: key and value.
    pub settings: Vec<(String, String)>,
}

/// Arguments of `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitArgs {
    /// Where to write; `None` means the config file that `--config` names, or `config.toml` in the current folder.
    pub to: Option<Place>,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// A file, or the standard stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// stdin where something is read, stdout where something is written: typed as `-`.
    #[default]
    Standard,
    /// A file.
    File(PathBuf),
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// For people.
    #[default]
    #[value(alias = "table")]
    Text,
    /// For programs.
    Json,
}

/// The forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// A table for people.
    #[value(alias = "text")]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Markdown.
    Markdown,
}

/// The forms of a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DigestFormat {
    /// Plain text.
    #[default]
    Text,
    /// Markdown.
    Markdown,
    /// One HTML page, complete in itself.
    Html,
    /// JSON.
    Json,
    /// An Atom feed.
    Atom,
    /// A book for e-readers.
    Epub,
    /// A mail message (RFC 5322), as it is sent.
    Email,
}

impl DigestFormat {
    /// All of them.
    pub const ALL: [DigestFormat; 7] = [
        DigestFormat::Text,
        DigestFormat::Markdown,
        DigestFormat::Html,
        DigestFormat::Json,
        DigestFormat::Atom,
        DigestFormat::Epub,
        DigestFormat::Email,
    ];

    /// The name that is typed and stored.
    pub fn word(self) -> &'static str {
        match self {
            DigestFormat::Text => "text",
            DigestFormat::Markdown => "markdown",
            DigestFormat::Html => "html",
            DigestFormat::Json => "json",
            DigestFormat::Atom => "atom",
            DigestFormat::Epub => "epub",
            DigestFormat::Email => "email",
        }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// What matters most now comes first.
    #[default]
    Rank,
    /// The newest article first.
    New,
    /// The most articles first.
    Size,
    /// The story that was first seen most recently comes first.
    FirstSeen,
}

/// The shells we can complete for.
pub use clap_complete::Shell;

/// How a command ended, as the shell learns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Could not do it; of `fetch`: every feed failed; of `feeds check`: found a fault.
    Failed,
    /// Wrong usage or wrong config.
    Misused,
    /// Done in part: some feeds failed.
    Partly,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Misused => 2,
            Exit::Partly => 3,
        }
    }
}

/// Why there is nothing to run: help or the version was asked for, or the arguments make no sense.
#[derive(Debug)]
pub struct Stop {
    /// What to show, with colour codes.
    text: String,
    /// The colours wanted.
    color: ColorMode,
    /// `Done` for help and version, which go to stdout; `Misused` for the rest, which goes to stderr.
    pub exit: Exit,
}

impl Stop {
    /// Shows the text on the stream where it belongs.
    ///
    /// # Errors
    /// When stdout cannot be written, unless its reader has gone.
    pub fn show(&self) -> std::io::Result<()> {
        let terminal = Terminal::detect(self.color);
        match self.exit {
            Exit::Done => terminal.print(&self.text),
            _ => {
                terminal.tell(&self.text);
                Ok(())
            }
        }
    }
}

/// The only argument by which newsfold has itself render a template ([`Command::RenderTemplate`]).
pub const RENDER_TEMPLATE: &str = "render-template";
/// The only argument by which newsfold has itself try a document ([`Command::ReadDocument`]).
pub const READ_DOCUMENT: &str = "read-document";

/// Reads the arguments of the process, its own name first.
///
/// # Errors
/// A [`Stop`] when they ask for help or the version, or are wrong.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, Stop> {
    typed::parse(args.into_iter().collect())
}

/// The completion script for a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut typed::definition(), "newsfold", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, in roff: one for all commands, because one page can be searched.
pub fn manual() -> String {
    let mut definition = typed::definition();
    definition.build();
    let mut page = Vec::new();
    manual::write(&definition, &mut page).expect("a vector takes every write");
    String::from_utf8_lossy(&page).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Invocation, Stop> {
        parse(std::iter::once("newsfold").chain(line.split_whitespace()).map(OsString::from))
    }

    fn command(line: &str) -> Command {
        typed(line).unwrap_or_else(|stop| panic!("{line}: {}", stop.text)).command
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn editions_are_listed_and_printed_and_nobody_is_told_how_templates_are_rendered() {
        assert_eq!(command("editions"), Command::Editions { name: None, format: None });
        let of_morning = Command::Editions { name: Some("morning".to_owned()), format: Some(ListFormat::Json) };
        assert_eq!(command("editions --name morning --format json"), of_morning);
        let edition = |line: &str| match command(line) {
            Command::Digest(args) => (args.name, args.edition),
            other => panic!("{other:?}"),
        };
        assert_eq!(edition("digest --name morning --edition 3"), (Some("morning".to_owned()), Some(3)));
        assert_eq!(command(RENDER_TEMPLATE), Command::RenderTemplate);
        assert_eq!(command(READ_DOCUMENT), Command::ReadDocument);
        assert!(
            !manual().contains("render")
                && !completions(Shell::Bash).contains(RENDER_TEMPLATE)
                && !manual().contains(READ_DOCUMENT)
        );
        assert!(typed("render-template --quiet").is_err());
    }

    #[test]
    fn every_command_means_what_was_typed() {
        let check = |line: &str, expected: Command| assert_eq!(command(line), expected, "{line}");
        check("run", Command::Run);
        check("fetch", Command::Fetch(FetchArgs::default()));
        check("fetch --all --dry-run", Command::Fetch(FetchArgs { all: true, dry_run: true, ..FetchArgs::default() }));
        let feeds = vec!["https://a.example/feed".to_owned(), "./b.xml".to_owned()];
        check(
            "fetch https://a.example/feed ./b.xml",
            Command::Fetch(FetchArgs { feeds: feeds.clone(), ..FetchArgs::default() }),
        );
        check("status --format json", Command::Status(View::Json));
        check("show c4k", Command::Show(ShowArgs { cluster: "c4k".into(), view: View::Text }));
        check("why a1 a2", Command::Why(WhyArgs { article: "a1".into(), other: Some("a2".into()), view: View::Text }));
        check("init", Command::Init(InitArgs { to: None, force: false }));
        check("init - --force", Command::Init(InitArgs { to: Some(Place::Standard), force: true }));
        check("demo", Command::Demo(View::Text));
        check("demo --format json", Command::Demo(View::Json));
        check("completions fish", Command::Completions(Shell::Fish));
        check("man", Command::Man);
        let (ids, view) = (vec!["c1".to_owned(), "a2".to_owned()], View::Text);
        check("merge c1 a2", Command::Merge { ids: ids.clone(), view });
        check("split c1 a2 --format json", Command::Split { articles: ids, view: View::Json });
        check("apart a1 c2", Command::Apart { one: "a1".into(), other: "c2".into(), view });
        check("undo", Command::Undo { number: None, view });
        check("undo 12", Command::Undo { number: Some(12), view });
        check("corrections", Command::Corrections(CorrectionsCommand::List(None)));
        check("corrections --format csv", Command::Corrections(CorrectionsCommand::List(Some(ListFormat::Csv))));
        check("corrections export", Command::Corrections(CorrectionsCommand::Export { to: Place::Standard }));
        check("corrections import -", Command::Corrections(CorrectionsCommand::Import { from: Place::Standard }));
        check("feeds list", Command::Feeds(FeedsCommand::List(FeedsListArgs::default())));
        check(
            "feeds add https://a.example/feed ./b.xml --outlet Dispatch --tag tech --tag eu --interval 30m --priority -1 --no-cluster",
            Command::Feeds(FeedsCommand::Add(FeedsAddArgs {
                urls: feeds,
                outlet: Some("Dispatch".into()),
                tags: vec!["tech".into(), "eu".into()],
                interval: Some(SignedDuration::from_mins(30)),
                cluster: false,
                priority: -1,
                paywalled: false,
                allow_private: false,
                check: true,
                all: false,
            })),
        );
        check("feeds remove u", Command::Feeds(FeedsCommand::Remove { urls: vec!["u".into()] }));
        check(
            "feeds check",
            Command::Feeds(FeedsCommand::Check { urls: vec![], how: Asking::default(), view: View::Text }),
        );
        check(
            "feeds discover u",
            Command::Feeds(FeedsCommand::Discover { url: "u".into(), allow_private: false, format: None }),
        );
        check("feeds import -", Command::Feeds(FeedsCommand::Import { from: Place::Standard, files: false }));
        check("feeds export", Command::Feeds(FeedsCommand::Export { to: Place::Standard }));
        check("feeds export f.opml", Command::Feeds(FeedsCommand::Export { to: Place::File("f.opml".into()) }));
        check(
            "eval a.jsonl --assignments a.tsv --json --stored --set window=48h --set join_probability=0.6",
            Command::Eval(EvalArgs {
                file: "a.jsonl".into(),
                assignments: Some("a.tsv".into()),
                view: View::Json,
                stored: true,
                settings: vec![("window".into(), "48h".into()), ("join_probability".into(), "0.6".into())],
            }),
        );
    }

    #[test]
    fn the_file_is_checked_copied_and_pruned() {
        let check = |line: &str, expected: Command| assert_eq!(command(line), expected, "{line}");
        check("rebuild", Command::Rebuild { all: false });
        check("rebuild --all", Command::Rebuild { all: true });
        check("doctor --format json", Command::Doctor(View::Json));
        check("backup n.bak --force", Command::Backup { to: "n.bak".into(), force: true });
        check("restore n.bak", Command::Restore { from: "n.bak".into() });
        check("prune --dry-run", Command::Prune(PruneArgs { dry_run: true, vacuum: false, force: false }));
        check("prune --vacuum", Command::Prune(PruneArgs { dry_run: false, vacuum: true, force: false }));
    }

    #[test]
    fn a_reader_says_what_is_new_and_what_is_done_with() {
        let check = |line: &str, expected: Command| assert_eq!(command(line), expected, "{line}");
        let clusters = vec!["c4k".to_owned(), "c5".to_owned()];
        check("dismiss c4k c5", Command::Dismiss(DismissArgs { clusters: clusters.clone(), undo: false }));
        check("dismiss --undo c4k c5", Command::Dismiss(DismissArgs { clusters, undo: true }));
        let covers = |line: &str| match command(line) {
            Command::Digest(args) => (args.covers, args.mail, args.name),
            other => panic!("{other:?}"),
        };
        assert_eq!(covers("digest --catch-up --mail --name a"), (Covers::SinceLast, true, Some("a".to_owned())));
        assert_eq!(covers("digest --new"), (Covers::New, false, None));
    }

    #[test]
    fn lists_searches_and_digests_take_the_same_filters() {
        let filters = "--since 24h --until 2026-02-12 --min-outlets 3 --min-articles 4 --outlet Dispatch --outlet Courier \
             --feed https://a.example/feed --tag tech --lang en-GB --lang DE --query flood --sort first-seen";
        let filter = Filter {
            since: Some("24h".parse().unwrap()),
            until: Some("2026-02-12".parse().unwrap()),
            outlets_min: 3,
            articles_min: 4,
            outlets: vec!["Dispatch".into(), "Courier".into()],
            feeds: vec!["https://a.example/feed".into()],
            tags: vec!["tech".into()],
            languages: vec!["en".into(), "de".into()],
            query: Some("flood".into()),
            unmuted: false,
        };
        let list = ListArgs {
            filter: filter.clone(),
            sort: Sort::FirstSeen,
            limit: Some(5),
            format: Some(ListFormat::Jsonl),
            new: Some(New { name: Some("me".into()) }),
            dismissed: false,
        };
        let more = "--limit 5 --format jsonl --new --name me";
        assert_eq!(command(&format!("clusters {filters} {more}")), Command::Clusters(list.clone()));
        assert_eq!(
            command(&format!("search dam breach {filters} {more}")),
            Command::Search(SearchArgs { words: "dam breach".into(), list })
        );
        assert_eq!(
            command(&format!("digest {filters} --name morning --top 5 --format markdown --out today.md")),
            Command::Digest(DigestArgs {
                name: Some("morning".into()),
                filter,
                sort: Sort::FirstSeen,
                top: Some(5),
                format: Some(DigestFormat::Markdown),
                out: Some(Place::File("today.md".into())),
                ..DigestArgs::default()
            })
        );
        let all =
            ListArgs { filter: Filter { outlets_min: 1, articles_min: 1, ..Filter::default() }, ..ListArgs::default() };
        assert_eq!(command("clusters"), Command::Clusters(all), "without filters, everything is listed");
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in ["--config a.toml --db n.db -vv --tz UTC run", "run --config a.toml --db n.db -v -v --tz UTC"] {
            let global = typed(line).unwrap().global;
            assert_eq!(global.config, Some("a.toml".into()));
            assert_eq!(global.database, Some("n.db".into()));
            assert_eq!((global.quiet, global.verbose), (false, 2));
            assert_eq!(global.zone, TimeZone::UTC);
            assert_eq!((global.log_format, global.color), (LogFormat::Text, ColorMode::Auto));
        }
        let global = typed("-q --log-format json --color never run").unwrap().global;
        assert_eq!((global.quiet, global.log_format, global.color), (true, LogFormat::Json, ColorMode::Never));
    }

    #[test]
    fn wrong_usage_names_the_thing_and_exits_with_2() {
        let check = |line: &str, expected: &str| {
            let stop = typed(line).expect_err(line);
            assert_eq!(stop.exit, Exit::Misused, "{line}");
            assert_eq!(stop.exit.code(), 2);
            let text = plain(&stop.text);
            assert!(text.starts_with("newsfold: "), "{line}: {text}");
            assert!(text.contains(expected), "{line}: {text}");
        };
        check("clustres", "similar subcommand exists: 'clusters'");
        check("clusters --min-outlet 3", "'--min-outlets'");
        check("clusters --since soon", "write how long ago (24h, 7d)");
        check("clusters --min-outlets 0", "1 or more");
        check("clusters --limit=-1", "1 or more");
        check("clusters --sort best", "[possible values: rank, new, size, first-seen]");
        check("clusters --format html", "possible values: table, json, jsonl, csv, markdown");
        check("clusters --lang english", "language code");
        check("digest --format pdf", "possible values: text, markdown, html, json, atom, epub, email");
        check("digest --catch-up --new", "cannot be used with");
        check("clusters --name me", "--new");
        check("clusters --new --dismissed", "cannot be used with");
        check("dismiss", "<CLUSTER>");
        check("digest --print-template html --template mine.html", "cannot be used with");
        check("feeds add", "<URL>");
        check("feeds add u --interval 30", "15m, 1h 30m or 2d");
        check("feeds add u --interval 0s", "15m, 1h 30m or 2d");
        check("fetch --all https://a.example/feed", "cannot be used with");
        check("eval a.jsonl --set window", "KEY=VALUE");
        check("-q -v run", "cannot be used with");
        check("--tz Mars/Olympus run", "no such time zone");
        check("show", "<CLUSTER>");
        check("merge c1", "2 values");
        check("undo last", "a correction's number");
        check("completions cmd.exe", "bash");
    }

    #[test]
    fn help_and_version_are_answers_and_exit_with_0() {
        for line in ["--help", "-h", "--version", "clusters --help", "feeds add --help"] {
            assert_eq!(typed(line).expect_err(line).exit, Exit::Done, "{line}");
        }
        let help = plain(&typed("--help").expect_err("help stops").text);
        for word in ["Usage: newsfold", "Examples:", "Exit codes:", "NEWSFOLD_<SECTION>_<KEY>"] {
            assert!(help.contains(word), "{word}");
        }
        assert!(typed("").expect_err("no command").text.contains("Usage:"), "no command shows the help");
    }

    #[test]
    fn colour_is_obeyed_by_help_and_errors_too() {
        let check =
            |line: &str, expected: ColorMode| assert_eq!(typed(line).expect_err(line).color, expected, "{line}");
        check("--color never --help", ColorMode::Never);
        check("clusters --color=always --since soon", ColorMode::Always);
        check("--help", ColorMode::Auto);
        check("--color", ColorMode::Auto);
    }

    #[test]
    fn every_shell_gets_completions_and_the_manual_names_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            assert!(completions(shell).contains("clusters"), "{shell}");
        }
        let page = manual();
        for command in ["fetch", "clusters", "feeds discover", "digest", "eval", "completions"] {
            assert!(
                page.contains(&format!(".SS {command}")) || page.contains(&format!(".SS \"{command}")),
                "{command}"
            );
        }
        assert!(page.contains("Exit codes") && page.contains("min\\-outlets"));
        assert!(!page.contains('\x1b'), "no colour codes in the manual");
    }
}
