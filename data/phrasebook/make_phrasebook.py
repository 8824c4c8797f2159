"""Make phrasebook.jsonl again: English sentences, and the same as the spelling rules below write them in Scots.

    python data/phrasebook/make_phrasebook.py

Sentences of which the Scots says something else are in ``SAYINGS``, both sides by hand. ``HELD_OUT`` is never learnt:
none of its sentences, nor one that only a word tells from it, stands among the others.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

PHRASES = {
    "i am": "ah'm", "i'm": "ah'm", "i have": "ah've", "i will": "ah'll", "i would": "ah'd", "do you": "d'ye",
    "did you": "did ye", "are you": "ur ye", "of the": "o the", "going to": "gaun tae", "want to": "want tae",
    "have to": "huv tae", "has to": "hus tae", "used to": "yaised tae", "do not": "dinnae", "don't": "dinnae",
    "does not": "disnae", "doesn't": "disnae", "did not": "didnae", "didn't": "didnae", "cannot": "cannae",
    "can't": "cannae", "could not": "couldnae", "couldn't": "couldnae", "will not": "willnae", "won't": "willnae",
    "would not": "widnae", "wouldn't": "widnae", "should not": "shouldnae", "shouldn't": "shouldnae", "is not": "isnae",
    "isn't": "isnae", "are not": "arenae", "aren't": "arenae", "was not": "wisnae", "wasn't": "wisnae",
    "were not": "wurnae", "weren't": "wurnae", "have not": "huvnae", "haven't": "huvnae", "has not": "hasnae",
    "hasn't": "hasnae", "it is": "it's", "that is": "that's", "what is": "whit's", "where is": "whaur's",
    "who is": "wha's", "he is": "he's", "she is": "she's", "we are": "we're", "they are": "they're",
    "you are": "ye're", "this morning": "this moarnin", "last night": "last nicht", "no one": "naebody",
    "right now": "the noo", "just now": "jist noo", "very good": "gey guid",
}  # fmt: skip
WORDS = {
    "i": "ah", "you": "ye", "your": "yer", "yours": "yers", "yourself": "yersel", "my": "ma", "myself": "masel",
    "himself": "hissel", "our": "oor", "to": "tae", "too": "tae", "of": "o", "and": "an", "with": "wi", "from": "fae",
    "for": "fur", "about": "aboot", "out": "oot", "outside": "ootside", "without": "withoot", "down": "doon",
    "round": "roon", "around": "aroon", "town": "toon", "house": "hoose", "houses": "hooses", "mouse": "moose",
    "now": "noo", "how": "hoo", "brown": "broon", "south": "sooth", "mouth": "mooth", "flower": "flooer",
    "flowers": "flooers", "shower": "shooer", "not": "no", "no": "nae", "nothing": "naethin", "nobody": "naebody",
    "none": "nane", "one": "wan", "once": "wance", "two": "twa", "what": "whit", "where": "whaur", "who": "wha",
    "which": "whit", "do": "dae", "does": "dis", "doing": "daein", "have": "huv",
    "has": "hus", "was": "wis", "were": "wur", "would": "wid", "could": "cud", "should": "shid", "can": "kin",
    "give": "gie", "gives": "gies", "gave": "gied", "given": "gien", "going": "gaun", "gone": "gane", "known": "kent",
    "told": "telt", "sold": "selt", "old": "auld", "cold": "cauld", "hold": "haud", "home": "hame",
    "stone": "stane", "bone": "bane", "alone": "alane", "more": "mair", "most": "maist", "sore": "sair",
    "before": "afore", "whole": "hale", "so": "sae", "own": "ain", "know": "ken", "knows": "kens", "knew": "kent",
    "small": "wee", "little": "wee", "child": "wean", "children": "weans", "girl": "lassie", "girls": "lassies",
    "boy": "laddie", "boys": "laddies", "woman": "wumman", "women": "weemen", "mother": "maw", "father": "da",
    "brother": "brither", "grandmother": "granny", "grandfather": "granda", "neighbour": "neebor",
    "neighbours": "neebors", "friend": "pal", "friends": "pals", "dog": "dug", "dogs": "dugs", "cow": "coo",
    "cows": "coos", "head": "heid", "bread": "breid", "dead": "deid", "deaf": "deef", "eye": "ee", "eyes": "een",
    "hand": "haun", "hands": "hauns", "stand": "staun", "standing": "staunin", "land": "laun", "foot": "fit",
    "shoes": "shoon", "ear": "lug", "ears": "lugs", "night": "nicht", "right": "richt", "light": "licht",
    "bright": "bricht", "fight": "fecht", "fighting": "fechtin", "daughter": "dochter", "thought": "thocht",
    "bought": "bocht", "brought": "brocht", "enough": "eneuch", "rough": "roch", "today": "the day",
    "tomorrow": "the morra", "tonight": "the nicht", "yesterday": "yisterday", "morning": "moarnin", "always": "aye",
    "yes": "aye", "all": "aw", "call": "caw", "ball": "baw", "wall": "wa", "fall": "fa", "football": "fitba",
    "good": "guid", "school": "schuil", "poor": "puir", "moon": "muin", "shop": "shoap", "shops": "shoaps",
    "look": "luik", "looking": "luikin", "took": "tuik", "book": "buik", "books": "buiks", "cry": "greet",
    "crying": "greetin", "cried": "grat", "dirty": "mingin", "very": "gey", "pretty": "bonnie", "beautiful": "bonnie",
    "clever": "canny", "stupid": "daft", "every": "ivery", "everybody": "awbody", "everyone": "awbody",
    "everything": "awthin", "something": "somethin", "anything": "onythin", "any": "ony", "many": "mony", "off": "aff",
    "over": "ower", "after": "efter", "water": "watter", "wash": "waash", "potatoes": "tatties", "work": "wirk",
    "working": "wirkin", "walk": "waulk", "walking": "waulkin", "talk": "blether", "talking": "bletherin",
    "broken": "broke", "window": "windae", "windows": "windaes", "pillow": "pillae", "floor": "flair",
    "church": "kirk", "drunk": "steamin", "just": "jist", "such": "sic", "much": "muckle", "must": "maun",
    "long": "lang", "wrong": "wrang", "strong": "strang", "song": "sang", "family": "faimily", "carry": "cairry",
    "between": "atween", "across": "athwart", "pound": "pun", "years": "year", "ill": "no weel",
    "well": "weel", "together": "thegither", "remember": "mind", "pocket": "pooch", "stomach": "wame", "chimney": "lum",
    "lake": "loch", "valley": "glen", "hill": "brae", "stream": "burn", "dusk": "gloamin", "tired": "wabbit",
    "hungry": "stervin", "complain": "girn", "complaining": "girnin", "untidy": "ramshackle",
}  # fmt: skip
SENTENCES = """
Their house is in the town
Do you have any money?
The shop is not open yet
I knew your father well
The children are playing in the garden
The child is crying again
My brother lives in a small house
Our house is very old
Our neighbours are very good to us
Your dog is standing at the door
The old woman lives alone
The old man told me about the war
The girl has brown eyes
My mother bought bread and potatoes
My father works down at the docks
My grandmother always told us stories
Our grandfather had a farm
Your friend is not at home
Her hands are cold
His head is sore
My feet are cold and wet
My ears are cold
I am going to the shops
I am looking for my keys
I am looking for a small house
I am not going home now
I have no money today
I have two brothers
I have not done anything wrong
I have bought you something
I will not do that again
I will tell you tomorrow
I will give you a call tonight
I would not go there alone
I would go if I could
I do not know who told you
I do not know what to do
I do not want to talk about it
I did not know about that
I didn't do anything
I cannot go without my mother
I thought you were at home
I thought it was very good
I told you not to do that
I told him about the house
I know her from school
I was standing at the window
I was not looking
I took the dog for a walk
I gave him a pound for it
I brought you some bread
I should have known
I must go home now
I must be wrong about that
I always walk to work
I am tired after work
I am hungry and cold
I would like more water
I saw a cow on the hill
I saw nothing at all
I work with my brother
I fell off the wall
I lost my shoes
I remember the old school
I hope you are well
You are too old for that
You are always complaining
You are right about the weather
You look well today
You should not have told him
You should look before you go
You don't have to do it alone
You were wrong about the boy
You know where the house is
He is a good man
He is going down to the town
He was drunk last night
He does not know anything
He doesn't talk to anybody
He has no friends
He has two cows and a dog
He has gone to the football
He lives on the south side of the town
He can't stand it
He cannot find his shoes
He fell down the stairs
He is fighting with his brother
He walks with a stick
He works all night
He is just a boy
He has been ill for two years
She is a pretty girl
She is standing outside in the cold
She is looking for her mother
She was crying all night
She was not at work today
She does not want to go home
She doesn't know where it is
She has two children
She has not been out all day
She took her daughter to school
She told me everything
She bought a brown cow
She works with children
She sold her house
She would not talk to me
She is too good for him
It is too cold for flowers
It is not right
It is nothing to do with you
It is a long way to the town
It was not my dog
It wasn't me
It did not work
It would not fall down
It is just a mouse
We are all going home
We have no bread
We have nothing to do
We were at the football together
We can't go out now
We told everybody about it
We know all about you
We walked round the town
We should all go together
We took the wrong road
We must look after the children
We bought a house in the south
They are talking about the football
They are fighting over money
They are not looking at you
They are all outside
They have a house with two floors
They have gone without us
They were all crying
They did not talk for years
They told us nothing
They sold the old cow
They would not go home
They took all the bread
They work on the land
They know what is right
Where is my book?
Where are the children?
Where are my shoes?
Where were you last night?
Where did you go today?
Where do you work?
What is that on the floor?
What is your brother doing?
What are you talking about?
What are you doing with my dog?
What did you do yesterday?
What did she want?
What do you want from me?
What have you done now?
What was that?
What would you do?
Who is that girl?
Who told you that?
Who knows what to do?
How is your mother?
How are the children?
How old is your house?
How do you know that?
How much is a pound of potatoes?
How long have you been standing there?
When are you going home?
When did you go to school?
Do you want some bread?
Do you want to go out?
Do you remember the old church?
Do you always work at night?
Did you do that yourself?
Did you know her?
Did you find your shoes?
Are you not cold?
Are you talking to me?
Are you all right?
Are you looking for something?
Have you done your work?
Can you carry this for me?
Can you tell me where it is?
Can I have more bread?
Could you give me a hand?
Is that your own dog?
Is it cold outside?
Was that your mother?
Will you go with me?
Don't look at me
Don't tell my mother
Don't stand on the flowers
Don't do anything stupid
Do not go down there alone
Do not wash the dog in there
Give me a hand with this
Give her the book
Give the dog some water
Give it to my brother
Look at the moon
Look at that small dog
Look after yourself
Look out of the window
Go home to your mother
Tell me about your work
Tell your friend to go home
Hold my hand
Hold the door for me
Call your mother
Call me tomorrow
Ask your grandmother
Stand up straight
Stand at the wall
Carry your own bag
The window is broken
The door was not closed
The floor is dirty
The flowers are out now
The cows are down in the valley
The church is on the hill
The stream runs down to the lake
The school is round the corner
The wall fell down last night
The light is too bright for my eyes
The potatoes are not done
The book is about two brothers
The football was not very good
The town is full tonight
The weather was rough all day
The night is long in the south
The whole town knows about it
The whole family was there
Everybody knows your mother
Everybody was out last night
Everything is all right now
Nobody told me about it
Nobody knows where he is
Nobody would give him work
Nothing is wrong with me
Something is wrong with the light
No one was at home
All my friends are going
Two girls were standing at the door
One of the cows is ill
One of my brothers is a teacher
That is enough for now
That was my own thought
That boy is always fighting
That house is not for you
This is my brother's house
This is not the right road
This morning it was cold
There is a mouse in the house
There is no more bread
There were two dogs in the garden
Before school he takes the dog out
Once there was an old king
Tomorrow is another day
My own mother did not know me
My book is on the floor
My eyes are sore
My friend and I are going south
My shoes are all wet
Your hands are dirty
Your work is very good
Your children are beautiful
Your bread is better than mine
Her brother is a strong man
Her mother was a pretty woman
Her house is brown
His daughter sings beautiful songs
Our dog is dead
Our school was small
Our friends are all older now
"""
HELD_OUT = """
My brother took the dog down to the water
The girls are standing outside the church
I do not know where my daughter is
She told the children about the moon
He would not talk about his mother
We are going home without any money
They have no more potatoes
Where is the old school?
What have you bought for the children?
Who is standing at the window?
How long have you known my father?
Do you know anything about cows?
Are you going out with your friends?
Don't tell your brother what I bought
Give the old woman your hand
Look at the small house on the hill
I will not go to church alone
I have not been home for two years
You should have told your mother before
You are not too old to go to school
He has bought a house in the town
He was crying outside the shop
She is not going to the football tonight
She has no work now
It is not cold enough for that
It was a bright night with no moon
We don't know what to do about the mouse
We were all standing round the wall
They would not tell us who did it
They are looking for their own dog
The boy does not want to wash his hands
The water in the lake is very cold
The window of my house is broken
The whole school was at the football
Nobody knew what was wrong with him
Everybody should go home now
That is not the right book for a child
There is something on the floor
My mother always gave us bread
Can you hold the flowers for me?
"""
SAYINGS = {
    "How is it going?": "How's it gaun?",
    "Be quiet": "Haud yer wheesht",
    "Hold your tongue": "Haud yer wheesht",
    "You are talking nonsense": "Yer bum's oot the windae",
    "That is nonsense": "Yer bum's oot the windae",
    "Please don't do that": "Gonnae no dae that",
    "Would you stop doing that": "Gonnae no dae that",
    "I am very tired": "Ah'm pure knackered",
    "I am exhausted": "Ah'm pure knackered",
    "Absolutely wonderful": "Pure dead brilliant",
    "I am really fed up": "Ah'm fair scunnered",
    "I have had enough of it": "Ah'm fair scunnered",
    "I am very hungry": "Ah'm pure stervin",
    "I am very cold": "Ah'm pure freezin",
    "It is freezing outside": "It's pure baltic ootside",
    "It is a lovely bright night": "It's a braw bricht nicht",
    "It is very dreary today": "It's gey dreich the day",
    "It is raining heavily": "It's pure stoatin doon",
    "What are you doing today?": "Whit ye daein the day?",
    "What are you doing tonight?": "Whit ye daein the nicht?",
    "Where are you going?": "Whaur ye gaun?",
    "Where are you going tomorrow?": "Whaur ye gaun the morra?",
    "How are you today?": "How ye daein the day?",
    "Don't worry about it": "Dinnae fash yersel",
    "Hurry up": "Get yer skates on",
    "Goodbye for now": "Cheerio the noo",
    "See you tomorrow": "See ye the morra",
    "I am going to bed": "Ah'm away tae ma bed",
    "I am going home": "Ah'm away hame",
    "Where do you live?": "Whaur d'ye stay?",
    "I live in Glasgow": "Ah stay in Glesga",
    "My friend is from Glasgow": "Ma pal's fae Glesga",
    "Go away": "Away ye go",
    "Come here": "C'mere you",
}


def main() -> None:
    """Write all pairs, each with the part that it belongs to."""
    learnt = [(one, scots(one)) for one in SENTENCES.strip().splitlines()]
    rows = [("train", *pair) for pair in (*SAYINGS.items(), *learnt)]
    rows += [("held-out", one, scots(one)) for one in HELD_OUT.strip().splitlines()]
    lines = [
        json.dumps({"prompt": english, "completion": other, "split": split}, ensure_ascii=False)
        for split, english, other in rows
    ]
    (Path(__file__).parent / "phrasebook.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def scots(sentence: str) -> str:
    """Return a sentence as the rules write it: phrases first, then words, then -ing as -in."""
    text = sentence
    for plain, other in sorted(PHRASES.items(), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"\b{re.escape(plain)}\b", f"<{other}>", text, flags=re.IGNORECASE)
    parts = re.split(r"(<[^>]*>)", text)
    whole = "".join(part[1:-1] if part.startswith("<") else re.sub(r"[A-Za-z']+", _word, part) for part in parts)
    whole = re.sub(r"\b(a|an) wee wee\b", "a wee", whole)
    return whole[:1].upper() + re.sub(r"\bah\b(?=['\s]|$)", "Ah", whole[1:])


def _word(found: re.Match[str]) -> str:
    word = found[0].lower()
    if word in WORDS:
        return WORDS[word]
    if word.endswith("ing") and len(word) > 5:
        return word[:-1]
    return found[0] if found[0] != found[0].capitalize() else word


if __name__ == "__main__":
    main()
