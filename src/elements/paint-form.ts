import { PaintSettings } from "./paint-settings.ts";

// Tests: test/elements/gan-paint.test.ts

/** What `gan-paint` is in a form. */
export abstract class PaintForm extends PaintSettings {
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

  formResetCallback(): void {
    this.#restore(this.getAttribute("value") ?? "");
  }

  formStateRestoreCallback(state: string): void {
    this.#restore(state);
  }

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
