//! A subscriber of `tracing` that keeps what it is told of tasks, by their names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};

use asyncio::Runner;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) type Fields = BTreeMap<&'static str, String>;

/// What there was of one span, or one event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) level: Option<Level>,
    pub(crate) fields: Fields,
    /// The name of the task that is around it.
    pub(crate) parent: Option<String>,
    pub(crate) entered: usize,
    pub(crate) exited: usize,
    pub(crate) closed: bool,
}

#[derive(Debug, Default)]
struct Collected {
    /// By the number of the task.
    spans: BTreeMap<String, Seen>,
    events: Vec<Seen>,
}

#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Collected>>);

struct Fill<'a>(&'a mut Fields);

impl Visit for Fill<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

/// The number of a task, kept with its span.
struct Number(String);

impl Collector {
    fn change(&self, number: &str, change: impl FnOnce(&mut Seen)) {
        let mut collected = self.0.lock().expect("no test panics in here");
        change(collected.spans.entry(number.to_owned()).or_default());
    }

    fn change_span<S>(&self, id: &Id, cx: &Context<'_, S>, change: impl FnOnce(&mut Seen))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let span = cx.span(id).expect("it is known");
        if let Some(Number(number)) = span.extensions().get::<Number>() {
            self.change(number, change);
        }
    }

    /// The span of the task with this name.
    pub(crate) fn span(&self, name: &str) -> Seen {
        let collected = self.0.lock().expect("no test panics in here");
        let found = collected
            .spans
            .values()
            .find(|span| span.fields.get("name").is_some_and(|it| it == name));
        found
            .cloned()
            .unwrap_or_else(|| panic!("no span {name}: {collected:#?}"))
    }

    /// The events about the task with this name.
    pub(crate) fn events(&self, name: &str) -> Vec<Seen> {
        let collected = self.0.lock().expect("no test panics in here");
        let all = collected.events.iter();
        all.filter(|event| event.fields.get("name").is_some_and(|it| it == name))
            .cloned()
            .collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Fill(&mut fields));
        let Some(number) = fields.get("id").cloned() else {
            return;
        };
        let span = cx.span(id).expect("it is known");
        let parent = span.parent().and_then(|parent| self.name_of(&parent.id(), &cx));
        self.change(&number, |seen| {
            seen.target = attributes.metadata().target().to_owned();
            seen.level = Some(*attributes.metadata().level());
            (seen.fields, seen.parent) = (fields, parent);
        });
        span.extensions_mut().insert(Number(number));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        self.change_span(id, &cx, |seen| values.record(&mut Fill(&mut seen.fields)));
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut seen = Seen {
            target: event.metadata().target().to_owned(),
            level: Some(*event.metadata().level()),
            ..Seen::default()
        };
        event.record(&mut Fill(&mut seen.fields));
        seen.parent = cx
            .event_span(event)
            .and_then(|span| self.name_of(&span.id(), &cx));
        self.0.lock().expect("no test panics in here").events.push(seen);
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        self.change_span(id, &cx, |seen| seen.entered += 1);
    }

    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        self.change_span(id, &cx, |seen| seen.exited += 1);
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        self.change_span(&id, &cx, |seen| seen.closed = true);
    }
}

impl Collector {
    fn name_of<S: Subscriber + for<'a> LookupSpan<'a>>(
        &self,
        id: &Id,
        cx: &Context<'_, S>,
    ) -> Option<String> {
        let span = cx.span(id)?;
        let extensions = span.extensions();
        let Number(number) = extensions.get::<Number>()?;
        let collected = self.0.lock().expect("no test panics in here");
        collected.spans.get(number)?.fields.get("name").cloned()
    }
}

/// One collector for the process: the threads of pools see it too.
pub(crate) static COLLECTOR: LazyLock<Collector> = LazyLock::new(|| {
    let collector = Collector::default();
    let subscriber = tracing_subscriber::registry().with(collector.clone());
    tracing::subscriber::set_global_default(subscriber).expect("there is no other");
    collector
});

/// Runs a program whose tasks are collected.
pub(crate) fn run<F: Future<Output: 'static>>(future: F) -> F::Output {
    LazyLock::force(&COLLECTOR);
    Runner::new().run(future).expect("it runs")
}
