import { createApp } from "vue";
import Painter from "./Painter.vue";

createApp(Painter).mount("#app");
