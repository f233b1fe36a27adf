// The filter language's text to its tree. Errors name the place and what was expected.
//
//   any       = all { ("or" | "||") all }
//   all       = one { ("and" | "&&") one }
//   one       = ("not" | "!") one | "(" any ")" | test
//   test      = name [ operator value | ["not"] "in" ( "(" value { "," value } ")" | value ".." value ) ]
//   operator  = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" (contains) | "!~"
//   name      = word | `any text`          value = number [unit of time] | "text" | 'text' | word

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~";
export type Literal = number | string | boolean | null;

export interface Place {
  begin: number;
  end: number;
}
export interface Term extends Place {
  value: Literal;
}
export interface Name extends Place {
  text: string;
}

export type Filter =
  | { kind: "or" | "and"; parts: Filter[] }
  | { kind: "not"; part: Filter }
  | { kind: "is"; name: Name }
  | { kind: "compare"; name: Name; operator: Operator; term: Term }
  | { kind: "in"; name: Name; terms: Term[] }
  | { kind: "between"; name: Name; low: Term; high: Term };

/** What is wrong with a filter, and where: characters [begin, end) of its text. */
export class FilterError extends Error {
  constructor(
    message: string,
    readonly begin: number,
    readonly end: number,
  ) {
    super(message);
  }
}

type TokenKind = "word" | "name" | "number" | "text" | "sign" | "end";
interface Token extends Place {
  kind: TokenKind;
  text: string;
  number: number;
}

const kDepthLimit = 100;
const kLengthLimit = 5000;
const kSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };
const kSigns = ["&&", "||", "==", "!=", "<=", ">=", "!~", "..", "=", "<", ">", "~", "!", "(", ")", ","];
const kOperators = new Set(["=", "==", "!=", "<", "<=", ">", ">=", "~", "!~"]);
const kNumber = /[+-]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const kWord = /[\p{L}_@#%$][\p{L}\p{N}_@#%$/:-]*(?:\.(?!\.)[\p{L}\p{N}_@#%$/:-]+)*/uy;

function tokens_of(text: string): Token[] {
  if (text.length > kLengthLimit) throw new FilterError(`longer than ${kLengthLimit} characters`, kLengthLimit, text.length);
  const tokens: Token[] = [];
  let at = 0;
  const add = (kind: TokenKind, end: number, value: string, number = NaN): void => {
    tokens.push({ kind, begin: at, end, text: value, number });
    at = end;
  };
  while (at < text.length) {
    const first = text[at]!;
    if (/\s/.test(first)) {
      at++;
      continue;
    }
    if (first === '"' || first === "'" || first === "`") {
      const [value, end] = quoted(text, at);
      add(first === "`" ? "name" : "text", end, value);
      continue;
    }
    kNumber.lastIndex = at;
    const number = kNumber.exec(text);
    if (number) {
      // A word that begins with a figure ("8bit", "3x3") is a word; a unit of time belongs to its number.
      const rest = /^[\p{L}\p{N}_/:-]+/u.exec(text.slice(at + number[0].length))?.[0] ?? "";
      const end = at + number[0].length + rest.length;
      if (rest === "") add("number", end, number[0], Number(number[0]));
      else if (kSeconds[rest] !== undefined) add("number", end, text.slice(at, end), Number(number[0]) * kSeconds[rest]);
      else add("word", end, text.slice(at, end));
      continue;
    }
    kWord.lastIndex = at;
    const word = kWord.exec(text);
    if (word) {
      add("word", at + word[0].length, word[0]);
      continue;
    }
    const sign = kSigns.find((candidate) => text.startsWith(candidate, at));
    if (!sign) throw new FilterError(`'${first}' has no meaning here; put texts in quotes`, at, at + 1);
    add("sign", at + sign.length, sign);
  }
  add("end", text.length, "");
  return tokens;
}

function quoted(text: string, begin: number): [string, number] {
  const mark = text[begin]!;
  let value = "";
  for (let i = begin + 1; i < text.length; i++) {
    if (text[i] === mark) return [value, i + 1];
    if (text[i] === "\\" && i + 1 < text.length) i++;
    value += text[i];
  }
  throw new FilterError(`the closing ${mark} is missing`, begin, text.length);
}

class Parser {
  private at = 0;
  private depth = 0;
  constructor(private readonly tokens: Token[]) {}

  whole(): Filter {
    const filter = this.any();
    const rest = this.peek();
    if (rest.kind !== "end") {
      throw this.unexpected(rest, rest.text === ")" ? "there is no ( that this closes" : "expected 'and', 'or' or the end");
    }
    return filter;
  }

  private peek(): Token {
    return this.tokens[this.at]!;
  }

  private next(): Token {
    const token = this.tokens[this.at]!;
    if (token.kind !== "end") this.at++;
    return token;
  }

  /** Takes the next token if it is one of these words or signs. */
  private take(...texts: string[]): boolean {
    const token = this.peek();
    const text = token.kind === "word" ? token.text.toLowerCase() : token.kind === "sign" ? token.text : undefined;
    if (text === undefined || !texts.includes(text)) return false;
    this.at++;
    return true;
  }

  private unexpected(token: Token, what: string): FilterError {
    const found = token.kind === "end" ? "the filter ends here" : `found '${token.text}'`;
    return new FilterError(`${what}; ${found}`, token.begin, Math.max(token.end, token.begin + 1));
  }

  private any(): Filter {
    const parts = [this.all()];
    while (this.take("or", "||")) parts.push(this.all());
    return parts.length === 1 ? parts[0]! : { kind: "or", parts };
  }

  private all(): Filter {
    const parts = [this.one()];
    while (this.take("and", "&&")) parts.push(this.one());
    return parts.length === 1 ? parts[0]! : { kind: "and", parts };
  }

  private one(): Filter {
    const token = this.peek();
    if (++this.depth > kDepthLimit) throw new FilterError("too many parentheses in each other", token.begin, token.end);
    try {
      if (this.take("not", "!")) return { kind: "not", part: this.one() };
      if (this.take("(")) {
        const inner = this.any();
        if (!this.take(")")) throw this.unexpected(this.peek(), "expected )");
        return inner;
      }
      return this.test();
    } finally {
      this.depth--;
    }
  }

  private test(): Filter {
    const token = this.next();
    if (token.kind !== "word" && token.kind !== "name") {
      throw this.unexpected(token, "expected a column, such as state or a parameter");
    }
    const name: Name = { text: token.text, begin: token.begin, end: token.end };
    const next = this.peek();
    if (next.kind === "sign" && kOperators.has(next.text)) {
      this.next();
      const operator = (next.text === "==" ? "=" : next.text) as Operator;
      return { kind: "compare", name, operator, term: this.term() };
    }
    if (next.kind === "word" && next.text.toLowerCase() === "not" && this.tokens[this.at + 1]?.text.toLowerCase() === "in") {
      this.next();
      this.next();
      return { kind: "not", part: this.in_list(name) };
    }
    if (this.take("in")) return this.in_list(name);
    if (next.kind === "word" && !["and", "or"].includes(next.text.toLowerCase())) {
      throw this.unexpected(next, `expected =, <, > or 'in' behind ${name.text}`);
    }
    return { kind: "is", name };
  }

  private in_list(name: Name): Filter {
    if (!this.take("(")) {
      const low = this.term();
      if (!this.take("..")) throw this.unexpected(this.peek(), "expected ( and values, or a range such as 0.1..0.5");
      return { kind: "between", name, low, high: this.term() };
    }
    const terms = [this.term()];
    while (this.take(",")) terms.push(this.term());
    if (!this.take(")")) throw this.unexpected(this.peek(), "expected , or )");
    return { kind: "in", name, terms };
  }

  private term(): Term {
    const token = this.next();
    const place = { begin: token.begin, end: token.end };
    if (token.kind === "number") return { ...place, value: token.number };
    if (token.kind === "text") return { ...place, value: token.text };
    if (token.kind !== "word") throw this.unexpected(token, "expected a value");
    const fixed: Record<string, Literal> = { true: true, false: false, null: null, inf: Infinity };
    const value = Object.hasOwn(fixed, token.text) ? fixed[token.text]! : token.text;
    return { ...place, value: token.text === "null" ? null : value };
  }
}

/** The tree of a filter; undefined for an empty one. Throws FilterError. */
export function parse_filter(text: string): Filter | undefined {
  if (text.trim() === "") return undefined;
  return new Parser(tokens_of(text)).whole();
}

/** A name as the filter language writes it. */
export function filter_name(name: string): string {
  kWord.lastIndex = 0;
  const word = kWord.exec(name);
  const plain = word?.[0] === name && !["and", "or", "not", "in"].includes(name.toLowerCase());
  return plain ? name : `\`${name.replace(/[`\\]/g, "\\$&")}\``;
}

/** A value as the filter language writes it. */
export function filter_value(value: Literal): string {
  if (typeof value !== "string") return String(value);
  const reserved = ["true", "false", "null", "inf", "and", "or", "not", "in"].includes(value.toLowerCase());
  return !reserved && filter_name(value) === value ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}
