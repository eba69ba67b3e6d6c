// What this tablet keeps over a reload: presses that are not with the lab yet, and the last known runs.
const NAME = "lab-judge";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const committed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

class TabletStore {
  keeps = true;
  #database;

  constructor(database) {
    this.#database = database;
  }

  async addWrite(write) {
    const transaction = this.#database.transaction("writes", "readwrite", { durability: "strict" });
    const id = await done(transaction.objectStore("writes").add(write));
    await committed(transaction);
    return id;
  }

  async putWrite(write) {
    const transaction = this.#database.transaction("writes", "readwrite");
    transaction.objectStore("writes").put(write);
    await committed(transaction);
  }

  async dropWrites(ids) {
    const transaction = this.#database.transaction("writes", "readwrite");
    for (const id of ids) transaction.objectStore("writes").delete(id);
    await committed(transaction);
  }

  listWrites() {
    return done(this.#database.transaction("writes").objectStore("writes").getAll());
  }

  async putRun(run) {
    const transaction = this.#database.transaction("runs", "readwrite");
    transaction.objectStore("runs").put(run);
    await committed(transaction);
  }

  getRun(run) {
    return done(this.#database.transaction("runs").objectStore("runs").get(run));
  }
}

// The same where the browser has no storage for us (a private window): kept only while the page is open.
class PageStore {
  keeps = false;
  #writes = new Map();
  #runs = new Map();
  #last = 0;

  async addWrite(write) {
    this.#writes.set(++this.#last, { ...write, id: this.#last });
    return this.#last;
  }

  async putWrite(write) {
    this.#writes.set(write.id, write);
  }

  async dropWrites(ids) {
    for (const id of ids) this.#writes.delete(id);
  }

  async listWrites() {
    return [...this.#writes.values()];
  }

  async putRun(run) {
    this.#runs.set(run.run, run);
  }

  async getRun(run) {
    return this.#runs.get(run);
  }
}

export async function openStore() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("writes", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("runs", { keyPath: "run" });
    };
    return new TabletStore(await done(request));
  } catch (error) {
    if (error instanceof DOMException || error instanceof ReferenceError) return new PageStore();
    throw error;
  }
}
