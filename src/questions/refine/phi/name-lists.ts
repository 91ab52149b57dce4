/** Given names that are rarely anything else, of many languages; the commonest ones, from general knowledge. */
export const givenNames: ReadonlySet<string> = new Set(
  `james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald steven
  paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen
  larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron jose adam henry nathan
  douglas zachary peter kyle walter ethan jeremy harold keith christian roger noah gerald carl terry sean austin arthur lawrence jesse
  dylan bryan joe jordan billy bruce albert willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell elijah louis
  mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty margaret sandra ashley kimberly emily donna
  michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley anna brenda pamela
  emma nicole helen samantha katherine christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia joyce
  virginia victoria kelly lauren christina joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara madison
  frances kathryn janice jean abigail alice julia judy sophia denise marilyn danielle beverly isabella theresa diana natalie
  brittany charlotte marie kayla alexis lori
  luis carlos jorge miguel pedro manuel alejandro fernando rafael javier diego sergio ricardo eduardo antonio francisco guadalupe
  carmen rosa ana lucia elena sofia valentina camila daniela gabriela mariana isabel pilar dolores
  wei ming jing ying hui xin yan fang lei jun hao li-ming xiaoming mei ling hong
  raj amit sanjay vijay rahul anil sunil deepak rakesh priya anita sunita kavita lakshmi deepa neha pooja arjun krishna ravi
  mohammed muhammad mohamed ahmed ali hassan hussein omar ibrahim yusuf khalid mustafa fatima aisha zainab mariam layla noor amina
  hiroshi takashi kenji yuki haruto sakura yoko akiko keiko naoko
  min-jun ji-woo seo-yeon hyun-woo soo-jin
  nguyen thi linh thanh huong minh duc
  ivan dmitri sergei vladimir aleksandr natalia olga svetlana tatiana irina ekaterina anastasia
  hans klaus jurgen wolfgang heinz gunther ursula ingrid greta
  pierre jacques michel francois antoine camille chloe amelie
  giovanni giuseppe marco luca francesca chiara giulia
  kwame kofi ama chinedu chioma ngozi oluwaseun adebayo folake tunde amara sipho thabo nomsa wanjiru kamau`
    .split(/\s+/)
    .filter((name) => name !== ''),
)

/**
 * Words that are names of signs, diseases, tests, scores and devices, or of everyday speech: standing alone they name no
 * patient. Behind a title ("Dr. Wilson") they do.
 */
export const eponyms: ReadonlySet<string> = new Set(
  `addison alport alzheimer apgar argyll arnold asperger babinski baker barrett barre bartter becker behcet bell bence
  bernard berger bowen bright broca brown brudzinski bruton budd buerger burkitt burton caplan caroli charcot chagas cheyne chiari chvostek
  conn cooley coombs cori courvoisier cowden creutzfeldt crigler crohn cullen curling cushing dercum devic down dressler dubin duchenne
  dupuytren duke edwards ehlers eisenmenger epstein erb ewing fabry fallot fanconi felty fitz friedreich gaucher gehrig gilbert
  glanzmann glasgow gleason goodpasture gottron gram grave graves grey guillain hamman hartnup hashimoto heberden henoch hirschsprung hodgkin
  homan homans horner hunter huntington hurler hutchinson jacksonian jakob janeway job johnson joubert kaplan kaposi kartagener kawasaki
  kayser kernig klinefelter koch koplik korsakoff kussmaul lambert langerhans leber leigh lesch levine lewy lhermitte libman li loeffler
  lou ludwig lyme lynch mallory marfan marie mcburney mcardle meckel meniere menetrier menkes mobitz moro morton munchausen murphy nelson niemann
  nissen nikolsky noonan nyhan ogilvie osgood osler paget pancoast parkinson patau perthes peutz peyronie phalen pick plummer
  pompe pott potter prader raynaud reed reiter rett reye reynolds richter rinne romberg rorschach roth rovsing sacks sandhoff schonlein
  schwann sheehan sjogren spurling starling steele sternberg stevens stokes sturge sydenham takayasu tay tinel tourette trendelenburg trousseau
  turner valsalva virchow vincent von waardenburg waldenstrom wallenberg waterhouse weber wegener wells werdnig wernicke
  west whipple williams willebrand wilms wilson wiskott wolff zenker zollinger
  grace will may hope faith joy summer april june august mark art rose violet iris pat sue bill drew rob chase grant dean major
  miles page price rich young white black green gray long short day love bishop king pope prince rice wood stone field hill lake`
    .split(/\s+/)
    .filter((name) => name !== ''),
)

/** What follows an eponym, within three words. */
export const eponymCues: ReadonlySet<string> = new Set(
  `disease diseases syndrome syndromes sign signs test tests score scale criteria classification law phenomenon palsy anemia lymphoma sarcoma
  tumor tumour carcinoma cell cells body bodies maneuver manoeuvre reflex triad tetralogy pentad point line node nodes ring spots spot virus
  procedure operation repair fracture contracture cyst hernia esophagus oesophagus thyroiditis encephalopathy dementia chorea ataxia
  dystrophy nephropathy purpura angina abscess gangrene arthritis myopathy malformation anomaly stain method technique tube catheter
  forceps retractor clamp incision position respiration breathing pulse murmur pressure equation formula curve index ratio stage grade
  grading questionnaire inventory effect reaction agglutination antigen antibody protein proteins factor deficiency diverticulum
  hemangioma gland glands duct ducts canal space ligament artery vein muscle nerve plexus loop pouch fascia oscillations
  lines rings crisis ulcer ulcers fever nevus papules nodes nodules crystals inclusion inclusions granuloma macules gait hemiplegia
  paralysis neuralgia neuroma osteodystrophy jaundice type classification's lesion lesions`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
