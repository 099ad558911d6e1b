/** The gear's own, for a page that has no style sheet of ours: on a narrow screen at the lower edge, where a thumb is. */
export const gearCss = `
  [part='settings'] { position: absolute; top: 0.5rem; right: 0.5rem; }
  .bar-button { display: grid; place-items: center; width: 2.75rem; height: 2.75rem; padding: 0; border: 0; border-radius: 50%; background: rgb(18 19 22 / 60%); color: #f2f1ee; cursor: pointer; transition: opacity 150ms; }
  .bar-button svg { width: 1.5rem; height: 1.5rem; fill: currentColor; }
  .bar-button:focus-visible, .gear-choice:has(:focus-visible) { outline: 3px solid #6ad6c8; outline-offset: -3px; }
  @media (hover: hover) { :host(:not(:hover, :focus-within)) .bar-button { opacity: 0; } }
  @media (prefers-reduced-motion: reduce) { .bar-button { transition: none; } }
  .picture-note { position: absolute; top: 0.75rem; left: 0.75rem; max-width: min(24rem, 100% - 5rem); margin: 0; padding: 0.25rem 0.75rem; border-radius: 0.5rem; background: rgb(18 19 22 / 86%); font-size: 0.8125rem; }
  .picture-note:empty { display: none; }
  .gear, .gear * { box-sizing: border-box; }
  .gear { position: fixed; inset: auto var(--gear-right, 0.75rem) var(--gear-bottom, 0.75rem) auto; width: min(19rem, calc(100vw - 1.5rem)); max-height: calc(100dvh - 1.5rem); margin: 0; padding: 0.5rem; border: 1px solid #3b4047; border-radius: 0.875rem; background: #16181b; color: #edece9; overflow: auto; }
  .gear::backdrop { background: transparent; }
  .gear-choices { margin: 0; padding: 0; border: 0; }
  .gear-choices:not([hidden]) + .gear-choices:not([hidden]) { margin-top: 0.5rem; padding-top: 0.5rem; border-top: 1px solid #34383e; }
  .gear-choices legend { float: left; width: 100%; padding: 0.25rem 0.75rem; color: #b6b4ae; font-size: 0.8125rem; font-weight: 600; }
  .gear-choices legend + * { clear: both; }
  .gear-choice { display: flex; align-items: center; gap: 0.75rem; min-height: 2.5rem; padding: 0.25rem 0.75rem; border-radius: 0.5rem; font-size: 0.9375rem; cursor: pointer; }
  .gear-choice:hover { background: #2a2e33; }
  .gear-choice input { flex: none; width: 1.125rem; height: 1.125rem; margin: 0; accent-color: #6ad6c8; color-scheme: dark; outline: none; }
  .gear-words, .gear-hint { display: block; }
  .gear-hint { color: #b6b4ae; font-size: 0.8125rem; line-height: 1.3; }
  @media (max-width: 32rem) {
    .gear { inset: auto 0 0; width: 100%; max-width: none; border-width: 1px 0 0; border-radius: 0.875rem 0.875rem 0 0; padding-bottom: calc(0.75rem + env(safe-area-inset-bottom)); }
    .gear::backdrop { background: rgb(10 11 13 / 55%); }
    .gear-choice { min-height: 2.75rem; }
  }
`;
