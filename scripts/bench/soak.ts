export async function soak(_options: { minutes: number; write: boolean; machine: string }): Promise<void> {}
