// What the page knows: the state of the sandbox, kept up to date by its events.
//
// Data flows one way: events change the store, the store tells the views, the views post.

export const store = {
  bot: null,
  /** What the bot says of itself, and its switches. */
  profile: {},
  settings: {},
  users: new Map(),
  chats: new Map(),
  /** Chat id to a map of message id to message, oldest first. */
  posts: new Map(),
  faults: [],
  polling: false,
  /** Chats in which the bot is doing something: what, in which topic, until when. */
  actions: new Map(),
  /** Chat and topic, as `keyOf` joins them, to the number of messages not seen. */
  unread: new Map(),
  /** Chat id to the topic that is shown; none: the chat itself. */
  threads: new Map(),
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

const keyOf = (chat, thread) => `${chat}/${thread ?? ""}`;

/** The topic of a chat that is shown, if it is still there. */
export function threadOf(chat) {
  const thread = store.threads.get(chat) ?? null;
  return topicsOf(chat).some(({ id }) => id === thread) ? thread : null;
}

export const topicsOf = (chat) => chatOf(chat)?.topics ?? [];

/** Whether a message stands in what is shown of its chat. A private chat itself shows all. */
export function isShown(chat, post) {
  const thread = threadOf(chat);
  if (topicsOf(chat).length === 0) return true;
  if (thread === null && chatOf(chat).type === "private") return true;
  return (post.thread ?? null) === thread;
}

/** The messages of a chat that are shown, oldest first. */
export const shownPosts = (chat) => [...postsOf(chat).values()].filter((post) => isShown(chat, post));

/** How many messages of a chat, or of one of its topics, were not seen. */
export function unread(chat, thread) {
  if (thread !== undefined) return store.unread.get(keyOf(chat, thread)) ?? 0;
  const start = `${chat}/`;
  const counts = [...store.unread].filter(([key]) => key.startsWith(start));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** One more message was not seen. */
export function miss(chat, post) {
  store.unread.set(keyOf(chat, post.thread), unread(chat, post.thread ?? null) + 1);
}

/** What is shown of the open chat was seen. False if that is nothing new. */
export function see() {
  const [chat, thread] = [store.current, threadOf(store.current)];
  const all = thread === null && chatOf(chat)?.type === "private";
  const keys = [...store.unread.keys()].filter((key) =>
    all ? key.startsWith(`${chat}/`) : key === keyOf(chat, thread),
  );
  for (const key of keys) store.unread.delete(key);
  return keys.length > 0;
}

/** Who speaks in a chat: whoever was chosen, else its first member. */
export function speaker(id) {
  const members = chatOf(id)?.members ?? [];
  const chosen = store.speakers.get(id);
  return members.includes(chosen) ? chosen : members[0];
}

/** The newest message of a chat. */
export const newest = (id) => [...postsOf(id).values()].at(-1);

/** Shows another chat, or another topic. */
export function open(id, thread = threadOf(id)) {
  store.current = id;
  store.threads.set(id, thread);
  see();
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
    store.profile = state.profile;
    store.settings = state.settings;
    store.users = byId(state.users);
    store.chats = byId(state.chats);
    store.posts = new Map(state.chats.map((chat) => [chat.id, byId(state.posts[chat.id] ?? [])]));
    store.faults = state.faults;
    store.polling = state.polling;
    store.unread.clear();
    store.actions = new Map(
      state.chats.filter((chat) => chat.action).map((chat) => [chat.id, chat.action]),
    );
    emit("state");
  },
  post({ chat, post }) {
    const posts = postsOf(chat);
    const fresh = !posts.has(post.id);
    posts.set(post.id, post);
    store.posts.set(chat, posts);
    const done = store.actions.get(chat)?.thread === (post.thread ?? null);
    if (fresh && post.from === store.bot.id && !post.service && done) store.actions.delete(chat);
    emit("post", { chat, post, fresh });
    emit("chats");
  },
  deleted({ chat, messages }) {
    for (const id of messages) postsOf(chat).delete(id);
    emit("deleted", { chat, messages });
    emit("chats");
  },
  chat({ chat }) {
    const topics = topicsOf(chat.id).length;
    store.chats.set(chat.id, chat);
    if (!store.posts.has(chat.id)) store.posts.set(chat.id, new Map());
    emit("chat", chat.id);
    // What is shown depends on which topics there are.
    if (chat.id === store.current && topics !== chat.topics.length) open(chat.id);
    emit("chats");
  },
  user({ user }) {
    store.users.set(user.id, user);
    emit("users");
  },
  action({ chat, action }) {
    store.actions.set(chat, action);
    const tell = () => {
      emit("chat", chat);
      emit("chats");
    };
    setTimeout(tell, action.until - Date.now() + 50);
    tell();
  },
  bot({ bot, profile, settings }) {
    Object.assign(store, { bot, profile, settings });
    emit("bot");
    emit("chat", store.current);
    emit("chats");
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
