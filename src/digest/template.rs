//! Station: templates rendered for a sink: everything a story says is escaped for it, whatever the template does.
//!
//! Escaping is not left to the template. Every value that is printed goes through the sink's own escape, `{% autoescape %}` is an
//! error, and the filters that could call a value safe (`safe`, `tojson`) do not exist. What is safe is made here: by the sink's own
//! filters, and by templates from values that were escaped when they were printed into a macro or a `{% set %}` block.

use std::error::Error as _;
use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, context};

use serde::{Deserialize, Serialize};

use crate::digest::view::DigestView;
use crate::digest::{atom, html, markdown, text};
use crate::listing::plain::{is_unsafe, line};

/// A format that a template writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Plain text, its lines broken where they would be longer than so many columns (a link alone may be: it is never broken).
    Text {
        /// Its width.
        columns: usize,
    },
    /// Markdown without raw HTML.
    Markdown,
    /// One HTML page, complete in itself.
    Html,
    /// An Atom feed (RFC 4287).
    Atom,
}

impl Form {
    /// All of them, the text as wide as mail likes it.
    pub const ALL: [Form; 4] = [Form::Text { columns: 76 }, Form::Markdown, Form::Html, Form::Atom];

    /// The name by which a template extends the built-in one.
    pub fn name(self) -> &'static str {
        match self {
            Form::Text { .. } => "text",
            Form::Markdown => "markdown",
            Form::Html => "html",
            Form::Atom => "atom",
        }
    }

    /// The template that is built in.
    pub fn built_in(self) -> &'static str {
        match self {
            Form::Text { .. } => text::TEMPLATE,
            Form::Markdown => markdown::TEMPLATE,
            Form::Html => html::TEMPLATE,
            Form::Atom => atom::TEMPLATE,
        }
    }
}

/// A template of a user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template<'a> {
    /// What its mistakes are named by: its file.
    pub name: &'a str,
    /// Its text.
    pub source: &'a str,
}

/// A template that cannot be used, as one line: file, line, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateError(String);

impl TemplateError {
    /// A template given for a format that none writes.
    pub fn no_such_format(name: &str) -> TemplateError {
        TemplateError::beyond(name, "only text, markdown, html and atom are written by a template")
    }

    /// A template that asks for more than a digest can need, in these words.
    pub fn beyond(name: &str, what: &str) -> TemplateError {
        TemplateError(line(&format!("template `{name}`: {what}")))
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

/// What a user's template may use, in steps or in 64 bytes of what it makes: for itself, and for each story. This is what nearly every
/// template meets that runs away, for it names the line. It is no bound of time or memory: a list is kept as the sum of two lists, so that
/// sixty doublings cost a few hundred steps, and what then prints or compares it counts it in one step. So whoever renders a template that is
/// not our own does it in a cell (`desk::press`).
const FUEL: u64 = 2_000_000;
const FUEL_PER_STORY: u64 = 50_000;

/// The digest by the built-in template.
pub fn built_in(view: &DigestView, form: Form) -> String {
    let environment = environment(form);
    let template = environment.get_template(form.name()).expect("tests render every built-in template");
    template.render(context! { digest => Serde(view) }).expect("tests render every built-in template")
}

/// The digest by a user's template. It may `{% extends %}` the built-in one of its format by that one's name.
///
/// # Errors
/// When the template cannot be read, names what is not there, or does more work than a digest can need.
pub fn of_user(view: &DigestView, form: Form, template: Template<'_>) -> Result<String, TemplateError> {
    let mut environment = environment(form);
    environment.set_fuel(Some(FUEL + FUEL_PER_STORY * view.story_count as u64));
    let failed = |error: Error| told(&error, template.name);
    let parsed = environment.template_from_named_str(template.name, template.source).map_err(failed)?;
    parsed.render(context! { digest => Serde(view) }).map_err(failed)
}

/// Our own templates of XHTML and XML, read once for the many pages of a book.
#[derive(Debug)]
pub struct Pages(Environment<'static>);

impl Pages {
    /// The templates by their names.
    pub fn new(templates: &[(&'static str, &'static str)]) -> Pages {
        let mut environment = environment(Form::Atom);
        for (name, source) in templates {
            environment.add_template(name, source).expect("tests read every built-in template");
        }
        Pages(environment)
    }

    /// One page, by its template and what that names.
    pub fn render(&self, name: &str, root: Value) -> String {
        let template = self.0.get_template(name).expect("the names are constants");
        template.render(root).expect("tests render every built-in template")
    }
}

fn environment(form: Form) -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom(SINK.into()));
    environment.set_formatter(move |out, state, value| print(form, out, state, value));
    for filter in ["safe", "tojson", "pprint"] {
        environment.remove_filter(filter);
    }
    environment.remove_global("debug");
    for name in ["e", "escape"] {
        environment.add_filter(name, move |value: &Value| Value::from_safe_string(escaped(form, value)));
    }
    match form {
        Form::Text { columns } => text::add_filters(&mut environment, columns),
        Form::Markdown => markdown::add_functions(&mut environment),
        Form::Html | Form::Atom => {}
    }
    environment.add_template(form.name(), form.built_in()).expect("tests read every built-in template");
    environment
}

/// The name of the one way to escape.
const SINK: &str = "sink";

fn print(form: Form, out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if !matches!(state.auto_escape(), AutoEscape::Custom(name) if name == SINK) {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "a digest's template cannot change how values are escaped",
        ));
    }
    out.write_str(&escaped(form, value)).map_err(Error::from)
}

fn escaped(form: Form, value: &Value) -> String {
    if value.is_none() {
        return String::new();
    }
    if value.is_safe() {
        return value.to_string();
    }
    // Lists and the like are printed by their words, which are escaped as any.
    let words = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match form {
        Form::Text { .. } => plain(&words),
        Form::Markdown => markdown::escaped(&words),
        Form::Html | Form::Atom => html::escaped(&words),
    }
}

/// Words without what has no business in a text; line breaks and tabs are the template's, for stories have none.
pub fn plain(words: &str) -> String {
    words.chars().filter(|&c| matches!(c, '\n' | '\t') || !is_unsafe(c)).collect()
}

/// The deepest error of the chain that knows its line is where the mistake is.
fn told(error: &Error, name: &str) -> TemplateError {
    let mut at = error;
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(inner) = source.downcast_ref::<Error>().filter(|inner| inner.line().is_some()) {
            at = inner;
        }
        next = source.source();
    }
    let place = at.line().map(|number| format!(", line {number}")).unwrap_or_default();
    let what = match (at.kind(), at.detail()) {
        (ErrorKind::OutOfFuel, _) => "it does more work than a digest can need (a loop in a loop?)".to_owned(),
        (kind, None) => kind.to_string(),
        (kind, Some(detail)) if detail.contains(&kind.to_string()) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
    };
    let file = at.name().filter(|name| *name != "<string>").unwrap_or(name);
    TemplateError(line(&format!("template `{file}`{place}: {what}")))
}

#[cfg(test)]
mod tests {
    use crate::digest::template::{Form, Template, of_user};
    use crate::digest::view::DigestView;
    use crate::digest::{Edition, Params, build};
    use crate::listing::samples::{at, clusters, zone};

    fn rendered(form: Form, source: &str) -> Result<String, String> {
        let edition = Edition {
            name: "daily".to_owned(),
            title: "Morning <paper>".to_owned(),
            from: at("2026-02-12T06:00:00Z"),
            until: at("2026-02-13T15:00:00Z"),
            generated: at("2026-02-13T15:00:02Z"),
            told: Default::default(),
            news: Default::default(),
        };
        let view = DigestView::of(&build(clusters(), &edition, &Params::default()), &zone());
        of_user(&view, form, Template { name: "mine.html", source }).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_story_says_is_escaped_whatever_the_template_does() {
        let check = |printed: &str, expected: &str| {
            let source = format!("{{% set evil = digest.sections[0].stories[1].headline %}}{printed}");
            assert_eq!(rendered(Form::Html, &source).as_deref(), Ok(expected), "{printed}");
        };
        let evil = "&lt;script&gt;alert(1)&lt;/script&gt; [31mred[0m | # [x](http://evil.example) __init__ fake row";
        check("{{ evil }}", evil);
        check("{{ evil|e }}", evil);
        check("{{ evil|escape|trim }}", evil);
        check("{{ evil|truncate(8) if false else evil }}", evil);
        check("{% set again %}{{ evil }}{% endset %}{{ again }}", evil);
        check("{% macro say(words) %}{{ words }}{% endmacro %}{{ say(evil) }}", evil);
        check("{% filter lower %}{{ evil }}{% endfilter %}", &evil.to_lowercase());
        check("{{ [evil, evil]|join(', ')|length }}", "168");
        check("{{ '<b>' ~ evil|first ~ '</b>' }}", "&lt;b&gt;&lt;&lt;/b&gt;");
        check("{{ [evil|first] }}", "[&#39;&lt;&#39;]");
        check("{{ '<b>%s'|format(evil|first) }}", "&lt;b&gt;&lt;");
        check("<p title={{ 'x onclick=alert(1)' }}>", "<p title=x onclick&#61;alert(1)>");
        let text = rendered(Form::Text { columns: 40 }, "{{ 'a\\u001b[31mb' }}{{ 'wide ' * 12 }}");
        assert_eq!(text.as_deref(), Ok(format!("a[31mb{}", "wide ".repeat(12)).as_str()));
        let markdown = rendered(
            Form::Markdown,
            "{{ 'Wow!' }}{{ link('*a*', 'https://e.example/)x') }}{{ link('b', 'data:x') }} {{ ', ' }}|",
        );
        assert_eq!(markdown.as_deref(), Ok("Wow\\![\\*a\\*](https://e.example/%29x)b , |"));
        for way_out in ["{{ evil|safe }}", "{{ evil|tojson }}", "{% autoescape false %}{{ evil }}{% endautoescape %}"] {
            let source = format!("{{% set evil = digest.title %}}{way_out}");
            assert!(rendered(Form::Html, &source).is_err(), "{way_out}");
        }
    }

    #[test]
    fn a_template_may_change_a_part_of_the_built_in_one() {
        for form in Form::ALL {
            let source = format!(
                "{{% extends {:?} %}}{{% block story %}}STORY {{{{ story.id }}}}\n{{% endblock %}}",
                form.name()
            );
            let page = rendered(form, &source).unwrap();
            assert_eq!(page.matches("STORY c0000000").count(), 4, "{page}");
            assert!(page.contains("Morning"), "{page}");
        }
        let source =
            "{% extends 'html' %}{% block style %}{{ super() }}<style>h1 { color: navy }</style>{% endblock %}";
        let page = rendered(Form::Html, source).unwrap();
        assert!(page.contains("navy }</style>") && page.matches("<style>").count() == 4, "{page}");
    }

    #[test]
    fn mistakes_are_one_line_that_says_where_and_what() {
        let check = |source: &str, expected: &str| {
            assert_eq!(rendered(Form::Html, source), Err(format!("template `mine.html`, line {expected}")), "{source}");
        };
        let endless = "1: it does more work than a digest can need (a loop in a loop?)";
        check("a\n{{ digest.titel }}", "2: undefined value: `digest.titel` is undefined");
        check("{% for story in digest.stories %}{% endfor %}", "1: undefined value: `digest.stories` is undefined");
        check("\n\n{% if %}", "3: syntax error: unexpected end of block");
        check("{{ digest.title|shout }}", "1: unknown filter: filter shout is unknown");
        check("{{ digest.title|safe }}", "1: unknown filter: filter safe is unknown");
        check("{{ shout() }}", "1: unknown function: shout is unknown");
        check("{% include 'other' %}", "1: template not found: tried to include non-existing template 'other'");
        check("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", endless);
        check("{{ 'x' * 1000000000 }}", endless);
        check("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "1: invalid operation: recursion limit exceeded");
        check(
            "{% autoescape false %}{{ digest.title }}{% endautoescape %}",
            "1: invalid operation: a digest's template cannot change how values are escaped",
        );
    }
}
