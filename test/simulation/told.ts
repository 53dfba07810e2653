import type { Simulation, SimulationOptions } from './simulate.js';

/** What a simulation has counted, in a few lines. */
export function told(what: string, options: SimulationOptions, { violations, figures }: Simulation): string {
  const { seed, processes, nodes } = options;
  const { reads, writes, tookMs, hits, misses, waited, joined, loads, doubled } = figures;
  const operations = reads + writes;
  const sent = Object.values(figures.commands).reduce((all, count) => all + count, 0);
  const aSecond = (count: number): string => whole((count * 1000) / tookMs);
  const most = Object.entries(figures.commands)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 8)
    .map(([name, count]) => `${name} ${aSecond(count)}`);
  return (
    [
      `${what}: SIMULATION_SEED=${seed}, ${violations.length} violations`,
      `${processes} processes, ${nodes} nodes, ${whole(operations)} operations in ${whole(tookMs / 1000)} simulated seconds`,
      `reads ${whole(reads)}, of them hits ${whole(hits)}, misses ${whole(misses)}, waited ${whole(waited)}, joined ${whole(joined)}`,
      `writes ${whole(writes)}, acknowledged with their invalidation applied ${whole(figures.strictWrites)}`,
      `loads ${whole(loads)}, a miss ${(loads / Math.max(1, misses)).toFixed(3)}, while another process loads the same ${whole(doubled)}`,
      `commands an operation ${(sent / operations).toFixed(2)}, a second and node ${whole((sent * 1000) / tookMs / nodes)}, of the node with most ${aSecond(figures.mostOfOneNode)}`,
      `commands a second: ${most.join(', ')}`,
      `wake-ups published ${whole(figures.published)}, delivered ${whole(figures.delivered)}, lost ${whole(figures.lost)}, to a process at most ${whole(figures.mostReceived)}`,
      `a process: timers ${(((figures.timers / processes) * 1000) / tookMs).toFixed(1)} a second, packets ${(((figures.packets / processes) * 1000) / tookMs).toFixed(1)} a second`,
      `connections of all nodes ${whole(figures.connections)}, keys ${whole(figures.keys)}, events ${whole(figures.events)}`,
    ].join('\n  ') + '\n'
  );
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
