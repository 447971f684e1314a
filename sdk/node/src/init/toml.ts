/** As much of TOML as it takes to find a project's dependencies, and to add one. */

/** A member: the table it stands in, its name, and where its value is in the text. */
export interface Member {
  table: string;
  key: string;
  start: number;
  end: number;
}

/** A file as it is read: where each table's first line ends, and every member. */
export interface Read {
  heads: Map<string, number>;
  members: Member[];
}

const STRING = /"""(?:\\[^]|[^\\])*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'/y;
const NAME = /(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s"'=\]#])+/g;
const BLANK = /(?:\s|#.*)*/y;

/** What a text says; SyntaxError if it is not understood. */
export function read(text: string): Read {
  const heads = new Map<string, number>();
  const members: Member[] = [];
  let table = "";
  let at = after(BLANK, text, 0);
  while (at < text.length) {
    const line = endOfLine(text, at);
    if (text[at] === "[") {
      const several = text[at + 1] === "[";
      const close = valueEnd(text, at);
      table = `${several ? "[" : ""}${plain(text.slice(at + 1, close - 1))}`;
      at = endOfLine(text, close);
      heads.set(table, Math.min(at + 1, text.length));
    } else {
      const equals = beyond(text, at, "=");
      if (equals >= line) throw new SyntaxError("A line of pyproject.toml has no =.");
      const start = after(/[ \t]*/y, text, equals + 1);
      const end = valueEnd(text, start);
      members.push({ table, key: plain(text.slice(at, equals)), start, end });
      at = endOfLine(text, end);
    }
    at = after(BLANK, text, at);
  }
  return { heads, members };
}

/** The strings in an array of nothing else; undefined if it is another thing. */
export function strings(array: string): string[] | undefined {
  const found: string[] = [];
  let at = 1;
  if (array[0] !== "[") return undefined;
  for (;;) {
    at = after(BLANK, array, at);
    if (at === array.length - 1 && array[at] === "]") return found;
    const end = after(STRING, array, at);
    if (end === at) return undefined;
    const quotes = array.startsWith(array.slice(at, at + 1).repeat(3), at) ? 3 : 1;
    found.push(array.slice(at + quotes, end - quotes));
    at = after(BLANK, array, end);
    if (array[at] === ",") at += 1;
    else if (array[at] !== "]") return undefined;
  }
}

/** Where a value ends that begins at `start`. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  let end = start;
  for (let at = start; at < text.length; ) {
    const char = text[at] as string;
    if (char === "#" || char === "\n") {
      if (!depth) return end;
      at = char === "#" ? endOfLine(text, at) : at + 1;
      continue;
    }
    const closed = char === '"' || char === "'" ? after(STRING, text, at) : at + 1;
    if (closed === at) throw new SyntaxError("A string in pyproject.toml does not end.");
    depth += "[{".includes(char) ? 1 : "]}".includes(char) ? -1 : 0;
    at = closed;
    if (/\S/.test(char)) end = at;
    if (!depth && "]}".includes(char)) return end;
  }
  if (depth) throw new SyntaxError("A bracket in pyproject.toml does not close.");
  return end;
}

/** Where a sign stands outside of strings. */
function beyond(text: string, start: number, sign: string): number {
  let at = start;
  while (at < text.length && text[at] !== sign) {
    const closed = after(STRING, text, at);
    at = closed > at ? closed : at + 1;
  }
  return at;
}

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** A name without quotes and blanks: `tool . "poetry"` is tool.poetry. */
function plain(name: string): string {
  return (name.match(NAME) ?? []).join("").replace(/["']/g, "").replace(/^\[/, "");
}
