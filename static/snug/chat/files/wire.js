/** The calls of the API about files. */

const FILES = "/api/v1/files";

async function headersOf({ credentials }, fresh = false) {
  const { token, getToken, csrf } = credentials;
  if (csrf) return { "x-csrftoken": csrf }; // staff, known by their cookie
  const bearer = getToken ? await getToken(fresh) : token;
  return bearer ? { authorization: `Bearer ${bearer}` } : {};
}

const known = new Map(); // id → {file, until}

/** A file with links that are good for now. */
export async function get(conversation, id) {
  const kept = known.get(id);
  if (kept?.until > Date.now()) return kept.file;
  const answer = await fetch(`${FILES}/${id}`, { headers: await headersOf(conversation) });
  const said = parsed(await answer.text());
  if (!answer.ok) throw new Error(said.detail);
  return keep(said);
}

/** Upload a file. `item.stop` gives it up; `told` hears which part of it is there. Rejects with a sentence. */
export async function send(conversation, file, item, told) {
  const headers = await headersOf(conversation);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload has come
    item.stop = () => request.abort();
    request.upload.onprogress = ({ loaded, total }) => told(loaded / total);
    request.onload = () => {
      const said = parsed(request.responseText);
      if (request.status === 201) resolve(keep(said));
      else reject(new Error(said.detail));
    };
    request.onerror = request.onabort = () => reject(new Error());
    request.open("POST", FILES);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const form = new FormData();
    form.set("room", conversation.room);
    form.set("file", file);
    request.send(form);
  });
}

function keep(file) {
  known.set(file.id, { file, until: Date.parse(file.expires_at) - 30_000 });
  return file;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
