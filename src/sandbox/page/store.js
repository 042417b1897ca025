// What the page knows: the state of the sandbox, kept up to date by its events.
//
// Data flows one way: events change the store, the store tells the views, the views post.

export const store = {
  bot: null,
  users: new Map(),
  chats: new Map(),
  /** Chat id to a map of message id to message, oldest first. */
  posts: new Map(),
  faults: [],
  polling: false,
  /** Chats in which the bot is doing something, until when. */
  actions: new Map(),
  /** Chat id to the number of messages not seen. */
  unread: new Map(),
  /** Chat id to the person who speaks there. */
  speakers: new Map(),
  current: null,
};

const views = new Map();

/** Calls a view whenever something of a kind has changed. */
export function on(kind, view) {
  views.set(kind, [...(views.get(kind) ?? []), view]);
}

export function emit(kind, detail) {
  for (const view of views.get(kind) ?? []) view(detail);
}

/** Asks the sandbox for something or to do something. Fails with its reason. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const raw = body === undefined || body instanceof Blob;
  const response = await fetch(`/sandbox/${path}`, {
    method,
    headers: raw ? {} : { "content-type": "application/json" },
    body: raw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) {
    let reason = text;
    try {
      reason = JSON.parse(text).error;
    } catch {
      // Not JSON: the text itself says what is wrong.
    }
    throw new Error(reason.charAt(0).toUpperCase() + reason.slice(1));
  }
  return JSON.parse(text);
}

export const chatOf = (id) => store.chats.get(id);
export const postsOf = (id) => store.posts.get(id) ?? new Map();
export const authorOf = (id) => (id === store.bot?.id ? store.bot : store.users.get(id));

/** Who speaks in a chat: whoever was chosen, else its first member. */
export function speaker(id) {
  const members = chatOf(id)?.members ?? [];
  const chosen = store.speakers.get(id);
  return members.includes(chosen) ? chosen : members[0];
}

/** The newest message of a chat. */
export const newest = (id) => [...postsOf(id).values()].at(-1);

/** Shows another chat. */
export function open(id) {
  store.current = id;
  store.unread.delete(id);
  emit("open", id);
  emit("chats");
}

/** Listens to the sandbox, for ever; the browser connects anew by itself. */
export function connect() {
  const events = new EventSource("/sandbox/events");
  events.onmessage = (event) => apply(JSON.parse(event.data));
  events.onerror = () => emit("link", false);
  events.onopen = () => emit("link", true);
}

function byId(list) {
  return new Map(list.map((one) => [one.id, one]));
}

const changes = {
  state({ state }) {
    store.bot = state.bot;
    store.users = byId(state.users);
    store.chats = byId(state.chats);
    store.posts = new Map(state.chats.map((chat) => [chat.id, byId(state.posts[chat.id] ?? [])]));
    store.faults = state.faults;
    store.polling = state.polling;
    store.unread.clear();
    store.actions.clear();
    emit("state");
  },
  post({ chat, post }) {
    const posts = postsOf(chat);
    const fresh = !posts.has(post.id);
    posts.set(post.id, post);
    store.posts.set(chat, posts);
    if (fresh && post.from === store.bot.id) store.actions.delete(chat);
    emit("post", { chat, post, fresh });
    emit("chats");
  },
  deleted({ chat, messages }) {
    for (const id of messages) postsOf(chat).delete(id);
    emit("deleted", { chat, messages });
    emit("chats");
  },
  chat({ chat }) {
    store.chats.set(chat.id, chat);
    if (!store.posts.has(chat.id)) store.posts.set(chat.id, new Map());
    emit("chat", chat.id);
    emit("chats");
  },
  user({ user }) {
    store.users.set(user.id, user);
    emit("users");
  },
  action({ chat, action }) {
    store.actions.set(chat, action);
    setTimeout(() => emit("chat", chat), action.until - Date.now() + 50);
    emit("chat", chat);
  },
  draft({ chat, draft }) {
    const known = chatOf(chat);
    if (known) known.draft = draft;
    emit("draft", chat);
  },
  polling({ polling }) {
    store.polling = polling;
    emit("polling");
  },
  call({ call }) {
    emit("call", call);
  },
  faults({ faults }) {
    store.faults = faults;
    emit("faults");
  },
};

function apply(change) {
  changes[change.type]?.(change);
}
