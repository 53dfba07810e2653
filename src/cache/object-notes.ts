/** Notes on objects of others, such as the context of a request: they end with their object, and it does not show them. */
export interface ObjectNotes<Note> {
  get(object: object): Note | undefined;
  set(object: object, note: Note): void;
}

class Given {
  constructor(object: object) {
    return object;
  }
}

/**
 * As a WeakMap, for objects that live as long as a request: a private field, which any object can be given, costs some
 * thirty nanoseconds where the entry of a WeakMap costs the garbage collector half a microsecond. A language that refuses
 * such fields to frozen objects still has the WeakMap.
 */
export function createObjectNotes<Note>(): ObjectNotes<Note> {
  let refused: WeakMap<object, Note> | undefined;

  class Noted extends Given {
    #note: Note;

    constructor(object: object, note: Note) {
      super(object);
      this.#note = note;
    }

    static get(object: object): Note | undefined {
      return #note in object ? object.#note : refused?.get(object);
    }

    static set(object: object, note: Note): void {
      if (#note in object) object.#note = note;
      else new Noted(object, note);
    }
  }

  return {
    get: (object) => Noted.get(object),
    set(object, note) {
      try {
        Noted.set(object, note);
      } catch {
        refused ??= new WeakMap();
        refused.set(object, note);
      }
    },
  };
}
