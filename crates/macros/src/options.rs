//! The options in the parentheses of an attribute.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Which of the two attributes it is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Main,
    Test,
}

/// The attribute's options: calls to add to the runner, and the path of the facade.
pub(crate) struct Options {
    pub(crate) builder: TokenStream,
    pub(crate) facade: TokenStream,
}

/// What is wrong, and where.
pub(crate) struct Error {
    span: Span,
    message: String,
}

const COMMON: [&str; 5] = [
    "worker_threads",
    "blocking_threads",
    "debug",
    "handle_sigint",
    "crate",
];

impl Options {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Options, Error> {
        let mut options = Options {
            builder: TokenStream::new(),
            facade: path("::asyncio"),
        };
        let mut tokens = tokens.into_iter();
        let mut given = Vec::new();
        while let Some(name) = tokens.next() {
            let TokenTree::Ident(name) = name else {
                return Err(Error::new(
                    name.span(),
                    "expected an option such as `worker_threads = 2`",
                ));
            };
            match tokens.next() {
                Some(TokenTree::Punct(sign)) if sign.as_char() == '=' => {}
                _ => return Err(Error::new(name.span(), format!("write `{name} = value`"))),
            }
            let value = tokens
                .next()
                .ok_or_else(|| Error::new(name.span(), format!("`{name}` has no value")))?;
            options.add(kind, &name, value)?;
            let text = name.to_string();
            if given.contains(&text) {
                return Err(Error::new(name.span(), format!("`{text}` is given twice")));
            }
            given.push(text);
            match tokens.next() {
                None => break,
                Some(TokenTree::Punct(sign)) if sign.as_char() == ',' => {}
                Some(other) => return Err(Error::new(other.span(), "expected a comma between options")),
            }
        }
        Ok(options)
    }

    fn add(&mut self, kind: Kind, name: &Ident, value: TokenTree) -> Result<(), Error> {
        let text = value.to_string();
        match name.to_string().as_str() {
            "worker_threads" | "blocking_threads" => match text.replace('_', "").parse::<usize>() {
                Ok(threads) if threads > 0 => self.call(name, value),
                _ => {
                    return Err(Error::new(
                        value.span(),
                        format!("`{name}` takes a number from 1 on, not `{text}`"),
                    ));
                }
            },
            "crate" => match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(facade) if is_path(facade) => self.facade = path(facade),
                _ => {
                    return Err(Error::new(
                        value.span(),
                        format!("`crate` takes a path in quotes, not `{text}`"),
                    ));
                }
            },
            flag if flag == "debug"
                || flag == "handle_sigint"
                || (flag == "mock_clock" && kind == Kind::Test) =>
            {
                if text != "true" && text != "false" {
                    return Err(Error::new(
                        value.span(),
                        format!("`{name}` takes true or false, not `{text}`"),
                    ));
                }
                self.call(name, value);
            }
            unknown => {
                let more = if kind == Kind::Test { ", mock_clock" } else { "" };
                let known = COMMON.join(", ");
                return Err(Error::new(
                    name.span(),
                    format!("unknown option `{unknown}`; there are {known}{more}"),
                ));
            }
        }
        Ok(())
    }

    /// Adds `.name(value)`.
    fn call(&mut self, name: &Ident, value: TokenTree) {
        self.builder.extend([
            TokenTree::Punct(Punct::new('.', Spacing::Alone)),
            TokenTree::Ident(name.clone()),
            TokenTree::Group(Group::new(Delimiter::Parenthesis, value.into())),
        ]);
    }
}

/// Is `text` made of names with `::` between them, and perhaps in front?
fn is_path(text: &str) -> bool {
    let names = text.strip_prefix("::").unwrap_or(text);
    names.split("::").all(|name| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

/// The tokens of a path, which resolve at the call site.
pub(crate) fn path(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

impl Error {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Error {
        Error {
            span,
            message: message.into(),
        }
    }

    /// The item as it was, and the message at its place.
    pub(crate) fn into_tokens(self, item: TokenStream) -> TokenStream {
        let mut message = Literal::string(&self.message);
        message.set_span(self.span);
        let mut error: Vec<TokenTree> = path("::core::compile_error!").into_iter().collect();
        error.push(TokenTree::Group(Group::new(
            Delimiter::Brace,
            TokenTree::Literal(message).into(),
        )));
        for token in &mut error {
            token.set_span(self.span);
        }
        let mut tokens = item;
        tokens.extend(error);
        tokens
    }
}
