import { PaintSettings } from "./paint-settings.ts";

// Tests: test/elements/gan-paint.test.ts

/** What `gan-paint` is in a form. */
export abstract class PaintForm extends PaintSettings {
  /** The browser's: it takes part in forms. */
  static readonly formAssociated = true;

  readonly #internals = this.attachInternals();
  #formDisabled = false;

  /** What forms send. */
  abstract get value(): string;
  abstract set value(value: string | null | undefined);

  /** The form that it belongs to. */
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  /** The browser's: its form was reset, and it is as its attribute `value` says. */
  formResetCallback(): void {
    this.#restore(this.getAttribute("value") ?? "");
  }

  /** The browser's: it is given back what it had, as after going back in the history. */
  formStateRestoreCallback(state: string): void {
    this.#restore(state);
  }

  /** The browser's: a `fieldset` around it was disabled or enabled. */
  formDisabledCallback(disabled: boolean): void {
    this.#formDisabled = disabled;
    this.changed("disabled");
  }

  /** @internal Whether nobody can paint now. */
  get locked(): boolean {
    return this.disabled || this.#formDisabled;
  }

  /** The form has the value as it is now. */
  protected keepForForm(): void {
    this.#internals.setFormValue(this.value);
  }

  #restore(json: string): void {
    try {
      this.value = json;
    } catch (error) {
      this.fail(error);
    }
  }
}
