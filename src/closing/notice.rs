//! The notice on the answer host. There is no engine, no journal and no key behind it: nothing can be sent and nothing is taken.

use hikyaku_web::{Door, Ended, ended_router, serve};
use tokio::sync::oneshot;

use crate::serve::{Signal, Signals};
use crate::settings::Settings;

/// Serves the notice where the answer pages were, until it is told to stop.
///
/// # Errors
/// One line: the certificate cannot be read, or the place is taken, as by a server that still runs.
pub async fn serve_until_stopped(settings: &Settings, contact: &str) -> Result<(), String> {
    if contact.trim().is_empty() {
        return Err("--contact: write whom people can ask now".into());
    }
    let tls = settings.tls.as_ref().map(|tls| tls.read()).transpose()?;
    let listen = settings.answers.listen;
    let bound = Door::bind(listen).await;
    let door =
        bound.map_err(|e| format!("{e}; a server that still runs must be stopped first (systemctl stop hikyaku)"))?;
    let door = door.allow(settings.answers.allow.clone());
    let (door, over_tls) = match &tls {
        Some(files) => (door.with_tls(files), true),
        None => (door, settings.proxy.is_there()),
    };
    let ended = Ended { organisation: settings.organisation.clone(), contact: contact.trim().to_owned() };
    println!("終了の告知を {listen} で出しています。Ctrl-C で止まります。");
    let mut signals = Signals::new()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(door, ended_router(ended, over_tls), async move {
        // An error means that nobody can stop it any more, which is the same.
        let _ = stopped.await;
    }));
    while signals.next().await == Signal::Reload {
        if let Some(Err(problem)) = tls.as_ref().map(hikyaku_web::TlsFiles::reload) {
            eprintln!("証明書は前のままです: {problem}");
        }
    }
    let _ = stop.send(());
    serving.await.map_err(|e| e.to_string())
}
