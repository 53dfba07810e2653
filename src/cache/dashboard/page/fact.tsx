interface FactProps {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
}

/** One figure with its name. */
export function Fact({ name, value, isBad = false }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? 'bad' : ''}>{value}</dd>
    </div>
  );
}
