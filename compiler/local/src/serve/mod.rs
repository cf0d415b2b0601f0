//! The world outside of a [`System`]: real time, HTTP, and the processes of handlers.
//!
//! | module | does |
//! | --- | --- |
//! | [`pool`] | the processes of handlers: spawned when there is work, one invocation at a time each |
//! | `functions` | the API of Lambda |
//! | [`http`] | one address for the services, the Runtime API and the interface; one for each API |
//!
//! All that changes the system goes through [`Host::with`], which sets its clock and carries out what it orders.

mod functions;
mod http;
mod pool;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio::sync::Notify;

use self::pool::Pool;
use crate::system::System;
use crate::trace::Hop;

/// A system that runs in real time.
pub struct Host {
    system: Mutex<System>,
    pool: Mutex<Pool>,
    /// Something may be due earlier than what was waited for.
    wake: Notify,
    /// Something happened: followers of the trace look.
    pub happened: Notify,
    /// How far the clock was set forward, milliseconds.
    ahead_ms: AtomicU64,
}

/// What handlers are run from: the programs of binaries, by name. One program may be that of several: [`environment::DEV_HANDLER`] tells
/// it which it is.
///
/// [`environment::DEV_HANDLER`]: evc_interface::environment::DEV_HANDLER
pub type Programs = HashMap<String, PathBuf>;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time of this machine's clock, milliseconds since 1970.
pub fn real_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A seed that nobody knows: half of a random UUID. The key of the tokens that a system makes follows from it.
pub fn random_seed() -> u64 {
    evc_values::Uuid::new_v4().as_u64_pair().1
}

impl Host {
    /// Runs a system whose handlers are these programs. `endpoint` is the address that they find the services at, `cache` that of the server
    /// (`redis://127.0.0.1:6379`) that stands for the caches of its stacks.
    pub fn new(system: System, programs: Programs, endpoint: &str, cache: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            system: Mutex::new(system),
            pool: Mutex::new(Pool::new(programs, endpoint, cache)),
            wake: Notify::new(),
            happened: Notify::new(),
            ahead_ms: AtomicU64::new(0),
        })
    }

    fn ahead_ms(&self) -> u64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Sets the clock forward: what is due till then happens now.
    pub fn jump(self: &Arc<Self>, by: Duration) {
        self.ahead_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
        self.with(|_| ());
    }

    /// Does something with the system, at the time that it is; carries out what the system orders.
    pub fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut System) -> T) -> T {
        let (result, orders) = {
            let mut system = lock(&self.system);
            let now_ms = real_ms() + self.ahead_ms();
            system.advance(now_ms);
            let result = act(&mut system);
            system.advance(now_ms);
            (result, system.take_orders())
        };
        for order in orders {
            pool::carry_out(self, order);
        }
        self.wake.notify_one();
        self.happened.notify_waiters();
        result
    }

    /// Lets time pass, for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let next = lock(&self.system).next_ms();
            let now_ms = real_ms() + self.ahead_ms();
            match next {
                Some(at_ms) if at_ms <= now_ms => self.with(|_| ()),
                Some(at_ms) => {
                    let pause = tokio::time::sleep(Duration::from_millis(at_ms - now_ms));
                    tokio::select! { () = pause => {}, () = self.wake.notified() => {} }
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// Answers the services, the Runtime API and the interface, for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        http::serve(listener, move |request, peer| http::services(self.clone(), request, peer)).await;
    }

    /// Answers the requests of an API, for ever.
    pub async fn serve_api(self: Arc<Self>, api: String, listener: TcpListener) {
        http::serve(listener, move |request, peer| http::api(self.clone(), api.clone(), request, peer)).await;
    }

    /// Hops that are new or have ended since this revision of the trace, and the revision to ask from next.
    pub fn hops_since(&self, revision: u64) -> (Vec<Hop>, u64) {
        let system = lock(&self.system);
        let (hops, revision) = system.trace.since(revision);
        (hops.into_iter().cloned().collect(), revision)
    }

    /// Other programs for the handlers: those that run are replaced when they have answered.
    pub fn replace_programs(&self, programs: Programs) {
        lock(&self.pool).replace(programs);
    }
}

/// Listens on this machine alone, at this port or the next that is free.
///
/// # Errors
///
/// When none of twenty ports is free.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    let mut result = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await;
    for next in 1..20 {
        if result.is_ok() || port == 0 {
            break;
        }
        result = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port.saturating_add(next)))).await;
    }
    result
}
