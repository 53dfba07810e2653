/** A door that a test opens: whoever waits at it goes on only then. Replaces every sleep. */
export interface Gate {
  /** Resolves once the gate is open. */
  wait(): Promise<void>;
  open(): void;
  /** Resolves once somebody has arrived at the gate. */
  arrived(): Promise<void>;
}

export function createGate(): Gate {
  let open: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const somebody = new Promise<void>((resolve) => (arrive = resolve));
  return {
    wait: () => {
      arrive();
      return opened;
    },
    open: () => open(),
    arrived: () => somebody,
  };
}
