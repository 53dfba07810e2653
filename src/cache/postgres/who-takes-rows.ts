/**
 * Of several processes the one that took rows last takes the next ones: it is told at once, and each other only of rows that stay
 * where they are. Who begins, leads until another one is faster. Nothing depends on there being one.
 */
export function whoTakesRows(): { leads(): boolean; told(): void; looked(taken: number): void } {
  let isTold = false;
  // It is told twice of rows that its own look is about to take: one look in vain says nothing yet.
  let inVain = 0;
  return {
    leads: () => inVain < 2,
    told: () => {
      isTold = true;
    },
    looked: (taken) => {
      // Rows of its own writes count too: those who are told look for them in vain, and one process has to lead.
      if (taken > 0) inVain = 0;
      else if (isTold) inVain += 1;
      isTold = false;
    },
  };
}
