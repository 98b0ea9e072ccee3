import { visit } from "./both.mjs";
import { PROGRAMS, firefox } from "./firefox.mjs";

visit("Firefox", PROGRAMS, firefox);
