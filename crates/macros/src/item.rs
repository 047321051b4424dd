//! The function that an attribute stands on.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::options::{Error, Kind, Options, path};

/// An async function without arguments, taken apart.
pub(crate) struct AsyncFn {
    attributes: TokenStream,
    visibility: TokenStream,
    name: Ident,
    /// From the arrow up to the body.
    output: TokenStream,
    /// From `async` to the end of the body.
    function: TokenStream,
}

impl AsyncFn {
    pub(crate) fn parse(item: TokenStream) -> Result<AsyncFn, Error> {
        let tokens: Vec<TokenTree> = item.into_iter().collect();
        let mut at = 0;
        while matches!(&tokens.get(at), Some(TokenTree::Punct(sign)) if sign.as_char() == '#') {
            at += 2;
        }
        let visibility = at;
        if is_ident(tokens.get(at), "pub") {
            at += 1;
            if matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
            {
                at += 1;
            }
        }
        let start = at;
        let span = tokens.get(at).map_or_else(Span::call_site, TokenTree::span);
        if !is_ident(tokens.get(at), "async") || !is_ident(tokens.get(at + 1), "fn") {
            return Err(Error::new(span, "this attribute stands on an `async fn`"));
        }
        let Some(TokenTree::Ident(name)) = tokens.get(at + 2) else {
            return Err(Error::new(span, "the function has no name"));
        };
        match tokens.get(at + 3) {
            Some(TokenTree::Group(arguments)) if arguments.stream().is_empty() => {}
            Some(other) => {
                return Err(Error::new(
                    other.span(),
                    "the function takes no arguments and no generics",
                ));
            }
            None => return Err(Error::new(span, "the function has no argument list")),
        }
        let end = tokens.len() - 1;
        if end < at + 4
            || !matches!(&tokens[end], TokenTree::Group(body) if body.delimiter() == Delimiter::Brace)
        {
            return Err(Error::new(span, "the function has no body"));
        }
        Ok(AsyncFn {
            attributes: tokens[..visibility].iter().cloned().collect(),
            visibility: tokens[visibility..start].iter().cloned().collect(),
            name: name.clone(),
            output: tokens[at + 4..end].iter().cloned().collect(),
            function: tokens[start..].iter().cloned().collect(),
        })
    }

    /// The function that runs this one.
    pub(crate) fn wrap(self, kind: Kind, options: &Options) -> TokenStream {
        let facade = &options.facade;
        let mut runner = joined([facade.clone(), path("::Runner::new()")]);
        if kind == Kind::Test {
            runner.extend(path(".handle_sigint(false)"));
        }
        runner.extend(options.builder.clone());
        let call = joined([TokenTree::Ident(self.name.clone()).into(), path("()")]);
        let (result, output) = match kind {
            Kind::Main => {
                let run = joined([runner, path(".run"), parenthesised(call)]);
                let outcome = joined([
                    facade.clone(),
                    path("::__private::main_outcome"),
                    parenthesised(run),
                ]);
                (outcome, path("-> ::std::process::ExitCode"))
            }
            Kind::Test => {
                let arguments = joined([runner, path(","), call]);
                let body = joined([
                    facade.clone(),
                    path("::__private::test_body"),
                    parenthesised(arguments),
                ]);
                (body, self.output)
            }
        };
        let body = Group::new(Delimiter::Brace, joined([self.function, result]));
        let test = if kind == Kind::Test {
            path("#[::core::prelude::v1::test]")
        } else {
            TokenStream::new()
        };
        joined([
            test,
            self.attributes,
            self.visibility,
            path("fn"),
            TokenTree::Ident(self.name).into(),
            path("()"),
            output,
            TokenTree::Group(body).into(),
        ])
    }
}

fn is_ident(token: Option<&TokenTree>, text: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident.to_string() == text)
}

fn joined<const N: usize>(parts: [TokenStream; N]) -> TokenStream {
    parts.into_iter().collect()
}

fn parenthesised(inner: TokenStream) -> TokenStream {
    TokenTree::Group(Group::new(Delimiter::Parenthesis, inner)).into()
}
