//! Services of tower in place of hyper's.

/// A service of tower as hyper wants it; from [`tower`].
pub type TowerService<S> = hyper_util::service::TowerToHyperService<S>;

/// Makes hyper's service of one of tower's, such as an axum router, or a stack of layers.
///
/// It is cloned for each request, and the clone is asked whether it is ready before it is called.
///
/// # Examples
///
/// ```no_run
/// use asyncio_hyper::{serve, tower};
/// # use tower_service::Service;
/// # async fn example<R>(router: R) -> std::io::Result<()>
/// # where
/// #     R: Service<http::Request<hyper::body::Incoming>, Response = http::Response<String>, Error = std::convert::Infallible> + Clone + 'static,
/// #     R::Future: 'static,
/// # {
///
/// // With axum: `let router = axum::Router::new().route("/", get(home));`
/// let listener = asyncio_net::TcpListener::bind("127.0.0.1:8080").await?;
/// serve(listener, tower(router)).await
/// # }
/// ```
pub fn tower<S>(service: S) -> TowerService<S> {
    TowerService::new(service)
}
