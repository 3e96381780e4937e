//! Somebody who stands between the owner of a directory and its clients, and cuts what is said.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::Random;

/// What is done to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The request does not come to the owner.
    Request,
    /// The answer does not come to the client.
    Answer,
    /// The answer comes in part.
    HalfOfAnswer,
    /// The answer says that it is not known any more.
    Forgotten,
}

/// Stands between the owner of a directory and its clients.
#[derive(Default)]
pub(crate) struct Between {
    /// The kinds of the requests that came, in their order.
    pub(crate) came: Vec<u8>,
    /// What is done to the next of a kind.
    pub(crate) cuts: Vec<(u8, Cut)>,
    /// Decides of other exchanges, one in 25 of which is cut.
    at_random: Option<Random>,
    /// How many were cut so.
    pub(crate) cut: u64,
    /// How many owners it has stood before.
    owners: u64,
    /// While somebody holds it, who follows is told nothing.
    pub(crate) telling: Arc<Mutex<()>>,
}

impl Between {
    /// Takes the owner's place at its socket.
    pub(crate) fn begin(dir: &Path) -> Arc<Mutex<Between>> {
        let between = Arc::<Mutex<Between>>::default();
        Between::stand(&between, dir);
        between
    }

    /// As one that will stand before owners, and cut some of what is said, at random.
    pub(crate) fn at_random(seed: u64) -> Arc<Mutex<Between>> {
        Arc::new(Mutex::new(Between { at_random: Some(Random(seed)), ..Between::default() }))
    }

    /// Takes the place of the owner that there is now. Those who are connected to it stay so.
    pub(crate) fn stand(between: &Arc<Mutex<Between>>, dir: &Path) {
        let number = {
            let mut between = between.lock().unwrap();
            between.owners += 1;
            between.owners
        };
        let (socket, own) = (dir.join("socket"), dir.join(format!("socket-of-owner-{number}")));
        if fs::rename(&socket, &own).is_err() {
            // It has gone, or another one has come, which is noticed the next time.
            return;
        }
        let Ok(listener) = UnixListener::bind(&socket) else { return };
        let shared = between.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let shared = shared.clone();
                // An owner that is gone is not connected to, and whoever wants it tries elsewhere.
                if let (Ok(client), Ok(owner)) = (client, UnixStream::connect(&own)) {
                    thread::spawn(move || {
                        let _ = serve(&shared, client, owner);
                    });
                }
            }
        });
    }

    /// What is done to an exchange.
    fn decide(&mut self, kind: u8) -> Option<Cut> {
        if let Some(next) = self.cuts.iter().position(|(of, _)| *of == kind) {
            return Some(self.cuts.remove(next).1);
        }
        let random = self.at_random.as_mut()?;
        let cut = (random.below(25) == 0)
            .then(|| [Cut::Request, Cut::Answer, Cut::HalfOfAnswer][random.below(3) as usize]);
        self.cut += u64::from(cut.is_some());
        cut
    }
}

fn frame(from: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut payload = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut payload)?;
    Ok(payload)
}

fn framed(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
}

fn serve(between: &Mutex<Between>, mut client: UnixStream, mut owner: UnixStream) -> std::io::Result<()> {
    let mut version = [0; 8];
    client.read_exact(&mut version)?;
    owner.write_all(&version)?;
    owner.read_exact(&mut version)?;
    client.write_all(&version)?;
    let greeting = frame(&mut client)?;
    owner.write_all(&framed(&greeting))?;
    if greeting[0] == 0 {
        // One who follows: both directions as they are.
        let (mut from, mut to) = (client.try_clone()?, owner.try_clone()?);
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let telling = between.lock().unwrap().telling.clone();
        while let Ok(told) = frame(&mut owner) {
            let _telling = telling.lock().unwrap();
            client.write_all(&framed(&told))?;
        }
        return client.shutdown(Shutdown::Both);
    }
    client.write_all(&framed(&frame(&mut owner)?))?;
    loop {
        let request = frame(&mut client)?;
        let cut = {
            let mut between = between.lock().unwrap();
            between.came.push(request[0]);
            between.decide(request[0])
        };
        if cut == Some(Cut::Request) {
            return client.shutdown(Shutdown::Both);
        }
        owner.write_all(&framed(&request))?;
        let answer = frame(&mut owner)?;
        match cut {
            Some(Cut::Answer | Cut::Request) => return client.shutdown(Shutdown::Both),
            Some(Cut::HalfOfAnswer) => {
                client.write_all(&framed(&answer)[..answer.len() / 2])?;
                return client.shutdown(Shutdown::Both);
            }
            Some(Cut::Forgotten) => client.write_all(&framed(&[&answer[..16], &[0, 0, 0, 0, 8]].concat()))?,
            None => client.write_all(&framed(&answer))?,
        }
    }
}
