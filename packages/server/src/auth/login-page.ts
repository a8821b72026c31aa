import { escapeHtml } from '../http/escape-html.ts';
import { page } from '../http/page.ts';

export interface LoginPageState {
  readonly baseUrl: string;
  readonly next: string | undefined;
  readonly xsrf: string;
  readonly hasToken: boolean;
  /** It is one that the server printed, not only such as were given to people. */
  readonly isTokenPrinted: boolean;
  readonly hasPassword: boolean;
  readonly mayChoosePassword: boolean;
  /** What went wrong with the last try. */
  readonly problem: string | undefined;
}

export function loginPage(state: LoginPageState): string {
  const what = state.hasPassword ? (state.hasToken ? 'Password or token' : 'Password') : 'Token';
  const action = `${state.baseUrl}login${state.next === undefined ? '' : `?next=${encodeURIComponent(state.next)}`}`;
  const described = [state.problem === undefined ? '' : 'problem', state.isTokenPrinted ? 'where' : '']
    .filter(Boolean)
    .join(' ');
  return page(
    'Log in',
    `<h1>Log in</h1>
<p class="soft">This is a notebook server: whoever is in can run programs on its machine.</p>
${state.problem === undefined ? '' : `<p class="bad" id="problem" role="alert">${escapeHtml(state.problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="_xsrf" value="${escapeHtml(state.xsrf)}">
<label for="password">${what}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus${
      state.problem === undefined ? '' : ' aria-invalid="true"'
    }${described === '' ? '' : ` aria-describedby="${described}"`}>
${state.isTokenPrinted ? whereTheTokenIs : ''}
${state.mayChoosePassword ? choosePassword : ''}
<button type="submit">Log in</button>
</form>`,
  );
}

export function logoutPage(baseUrl: string): string {
  return page(
    'Logged out',
    `<h1>Logged out</h1>
<p>Notebooks and kernels go on as they are.</p>
<p><a href="${escapeHtml(baseUrl)}login">Log in again</a></p>`,
  );
}

const whereTheTokenIs = `<p class="soft" id="where">The token stands at the end of the address that the server printed when it started
(<code>?token=…</code>). On the server's machine, <code>perijove list</code> prints it again.</p>`;

const choosePassword = `<details><summary>Use a password from now on</summary>
<p class="soft">Enter the token above and a new password here: next time, the password is enough. Everybody who is logged in has to log in again.</p>
<label for="new_password">New password</label>
<input id="new_password" name="new_password" type="password" autocomplete="new-password" aria-describedby="where">
</details>`;
